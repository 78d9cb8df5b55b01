"""What every PSP adapter offers."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from ledger.money import Money
from payments.psp.news import WebhookEvent
from payments.psp.outcomes import (
    AuthorizeOutcome,
    CaptureOutcome,
    RefundOutcome,
    RetrieveOutcome,
    RetrieveRefundOutcome,
    VoidOutcome,
)
from payments.psp.settlement import SettlementOutcome


class PspAdapter(Protocol):
    """One account at one PSP. Every ``key`` makes its request harmless to repeat, for as long as the PSP remembers."""

    # For how long the same key cannot move money twice. Afterwards we only look.
    key_retention: timedelta
    # The headers that webhooks are signed in, in small letters: kept with each event, for people who look into it.
    signature_headers: tuple[str, ...]
    # Whether a payment may be captured more than once, each time in part.
    several_captures: bool

    def authorize(
        self, *, key: str, attempt_id: UUID, money: Money, token: str, capture: bool, description: str
    ) -> AuthorizeOutcome:
        """Ask for the money; with ``capture`` take it at once."""
        ...

    def finish(
        self, *, key: str, attempt_id: UUID, psp_reference: str | None, returned: Mapping[str, str]
    ) -> RetrieveOutcome:
        """Learn how a payment stands whose buyer is back from the bank, with what their browser brought along.

        ``NotFoundAtPsp``: the PSP makes nothing of that. The payment stands as before.
        """
        ...

    def capture(self, *, key: str, capture_id: UUID, psp_reference: str, money: Money, final: bool) -> CaptureOutcome:
        """Take an authorised payment, or part of it; with ``final`` the rest is let go of."""
        ...

    def void(self, *, key: str, psp_reference: str) -> VoidOutcome:
        """Let go of a payment that was not captured."""
        ...

    def refund(self, *, key: str, psp_reference: str, refund_id: UUID, money: Money) -> RefundOutcome:
        """Pay back a captured payment, or part of it."""
        ...

    def retrieve(self, *, attempt_id: UUID, psp_reference: str | None) -> RetrieveOutcome:
        """Look up how a payment stands, by the PSP's reference or, without one, by our attempt."""
        ...

    def retrieve_refund(self, *, refund_id: UUID, psp_reference: str) -> RetrieveRefundOutcome:
        """Look up, among the refunds of a payment, how ours stands."""
        ...

    def settlement_lines(self, *, since: datetime, cursor: str, limit: int) -> SettlementOutcome:
        """Read the next lines of the account's settlement: about ``limit``, and as many requests as they take.

        Without a ``cursor`` begin with what happened ``since`` then; with one, go on where it was given. Lines may be
        told again, such as when their payout is known: they are known by their ids.
        """
        ...

    def verify_webhook(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        """Check the signature over the raw bytes and return the event's id.

        :raises BadSignature: missing, wrong or too old.
        """
        ...

    def parse_webhook(self, *, body: bytes) -> tuple[WebhookEvent, ...]:
        """Return what a verified event says: one piece of news, or as many as the PSP sends at once.

        :raises Exception: of whatever kind on an event that makes no sense, so that it is kept and looked at.
        """
        ...
