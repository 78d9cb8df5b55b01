"""What each simulated PSP is to the rest of the simulator."""

from abc import ABC, abstractmethod
from typing import ClassVar

from aiohttp import web
from aiohttp.typedefs import Middleware

from payments.simulator.account import Shared
from payments.simulator.store import Document
from payments.simulator.webhooks import Letter


class PspProtocol(ABC):
    """One PSP, with one account of ours."""

    name: ClassVar[str]  # as the addresses of Tally's webhooks have it
    default_secret: ClassVar[str]  # what webhooks are signed with, where the command line names nothing else

    @abstractmethod
    def __init__(self, shared: Shared) -> None:
        """Be there, with what all PSPs of this process share."""

    @staticmethod
    @abstractmethod
    def letter(event: Document, secret: str) -> Letter:
        """Return an event as it is sent now, signed."""

    @abstractmethod
    def middleware(self) -> Middleware:
        """Return what each request goes through; requests of other PSPs go through it, too, untouched."""

    @abstractmethod
    def routes(self) -> list[web.RouteDef]:
        """Return its addresses, and those at ``/_simulator/{name}/`` that only tests and demo know."""

    @abstractmethod
    def charges(self) -> list[Document]:
        """Return what it knows of every payment.

        Each with ``payment`` (its id), ``attempt_id``, ``amount_minor``, ``currency``, ``status`` in its own words,
        ``captured_minor`` and ``refunded_minor``.
        """

    @abstractmethod
    def refunds(self) -> list[Document]:
        """Return what it knows of every refund: ``refund``, ``payment``, ``amount_minor``, ``currency``, ``status``."""

    @abstractmethod
    def settle_due(self) -> None:
        """Let happen what was to happen up to now, in a transaction that is open."""
