"""Checkout.com's official SDK, and what its answers and its errors prove. The only module that speaks to it."""

import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from checkout_sdk.api_client import ApiClient
from checkout_sdk.checkout_configuration import CheckoutConfiguration
from checkout_sdk.checkout_response import ResponseWrapper
from checkout_sdk.default_keys_credentials import DefaultKeysSdkCredentials
from checkout_sdk.disputes.disputes_client import DisputesClient
from checkout_sdk.environment import Environment
from checkout_sdk.exception import CheckoutApiException, CheckoutException
from checkout_sdk.payments.payments_client import PaymentsClient
from checkout_sdk.reports.reports_client import ReportsClient

from ledger.errors import InvalidMoney
from payments.psp.checkoutcom_objects import Object, Reader, Refusal
from payments.psp.outcomes import NotSent, Unknown
from payments.psp.transport import download, never_connected, new_session, points_to

# The SDK and our readers trust a reply's shape; these come out of one that is not what it should be.
UNREADABLE = (
    ArithmeticError,
    AttributeError,
    InvalidMoney,
    KeyError,
    RecursionError,
    StopIteration,
    TypeError,
    ValueError,
)

type Found = Object | NotSent | Unknown


class _ApiClient(ApiClient):  # type: ignore[misc] # the SDK has no types
    """The SDK's client, whose logger is called as a package of ours is: that one's events would go where its go."""

    _logger = logging.getLogger("checkout_sdk")


class CheckoutComClient:
    """One account's part of the SDK. What its methods raise is for ``call`` and ``look`` to sort."""

    def __init__(self, *, secret_key: str, api_base: str, timeout_seconds: tuple[float, float]) -> None:
        base = f"{api_base.rstrip('/')}/"
        self._scheme = urlsplit(base).scheme
        self._session = new_session(timeout_seconds=timeout_seconds)
        # Not through the SDK's builder: it puts the account's prefix before whatever host it is given.
        configuration = CheckoutConfiguration(
            credentials=DefaultKeysSdkCredentials(secret_key=secret_key),
            environment=Environment(*[base] * 7, is_sandbox=False),
            http_client=self._session,
        )
        client = _ApiClient(configuration, base)
        self.payments = PaymentsClient(client, configuration)
        self.disputes = DisputesClient(client, configuration)
        self.reports = ReportsClient(client, configuration)

    def report_file(self, *, report_id: str, file_id: str) -> bytes | NotSent | Unknown:
        """Fetch a file of a report from where Checkout.com says that it is: another host, which never sees our key."""
        try:
            self.reports.get_report_file(report_id, file_id)
        except CheckoutException as error:
            address = points_to(error.__cause__)
            if address is None:
                proves = _what_it_proves(error)
                return Unknown(detail=str(proves)) if isinstance(proves, Refusal) else proves
        else:
            return Unknown(detail="a report's file has no address")
        # Whoever reads along, or writes, on the way would do so in our books.
        if urlsplit(address).scheme not in {"https", self._scheme}:
            return Unknown(detail="a report's file would come unprotected")
        return download(self._session, address)


def call(ask: Callable[[], Any]) -> Found | Refusal:
    """Ask, and sort what can go wrong by what it proves."""
    try:
        answer: Object = _plain(ask())
    except CheckoutException as error:
        return _what_it_proves(error)
    except UNREADABLE as error:
        return Unknown(detail=f"unreadable reply: {error!r}")
    return answer


def look(ask: Callable[[], Any]) -> Found:
    """Ask for what is known. That a look-up was refused says nothing about the payment."""
    answer = call(ask)
    return Unknown(detail=f"look-up refused: {answer}") if isinstance(answer, Refusal) else answer


def read[T](answer: Found, reader: Reader[T]) -> T | NotSent | Unknown:
    """Read an answer, if it is one."""
    return answer if isinstance(answer, NotSent | Unknown) else understood(lambda: reader(answer))


def understood[T](make: Callable[[], T]) -> T | Unknown:
    """Make something of what we were told, if it makes sense."""
    try:
        return make()
    except UNREADABLE as error:
        return Unknown(detail=f"unreadable reply: {error!r}")


def behind[T](looked_up: T | NotSent) -> T | Unknown:
    """Return what was looked up after a request: if that was not sent, the request was all the same."""
    return Unknown(detail=f"refused, and then {looked_up}") if isinstance(looked_up, NotSent) else looked_up


def _what_it_proves(error: CheckoutException) -> Refusal | NotSent | Unknown:
    """Sort an error of the SDK.

    Only a refusal that Checkout.com spoke about this very request counts as one; a connection that was never made is
    *not sent*; everything else is unknown: 5xx, too many requests or a key in use (429), a refused API key (401).
    """
    if isinstance(error, CheckoutApiException):
        status = error.http_metadata.status_code
        said = Refusal.read(status=status, request_id=error.request_id, codes=error.error_details)
        return said or Unknown(detail=f"HTTP {status}, {error.error_type}: {error.error_details}")
    cause = error.__cause__
    return NotSent(detail=repr(cause)) if never_connected(cause) else Unknown(detail=f"no reply: {cause!r}")


def _plain(wrapped: Any) -> Any:
    """Return what the SDK made attributes of as the JSON that it was; a list at the top is its ``items``."""
    if isinstance(wrapped, ResponseWrapper):
        return {name: _plain(value) for name, value in vars(wrapped).items() if name != "http_metadata"}
    return [_plain(each) for each in wrapped] if isinstance(wrapped, list) else wrapped
