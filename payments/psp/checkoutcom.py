"""Checkout.com, through its official SDK: payments by stored instrument or token, actions upon them, signed webhooks.

The only module that speaks to the SDK. Our ids travel as references and in metadata, so that a list, a payment's
actions or a webhook finds what is ours even where Checkout.com's own ids never reached us.

A capture, a void and a refund are taken in (202) and decided later: a webhook, or a look-up, tells.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from checkout_sdk.api_client import ApiClient
from checkout_sdk.checkout_configuration import CheckoutConfiguration
from checkout_sdk.checkout_response import ResponseWrapper
from checkout_sdk.default_keys_credentials import DefaultKeysSdkCredentials
from checkout_sdk.environment import Environment
from checkout_sdk.exception import CheckoutApiException, CheckoutException
from checkout_sdk.payments.payments_client import PaymentsClient

from ledger.errors import InvalidMoney
from ledger.money import Money
from payments.psp import checkoutcom_events, checkoutcom_objects
from payments.psp.checkoutcom_currencies import is_taken_alike
from payments.psp.checkoutcom_objects import Object, Reader, Refusal
from payments.psp.news import WebhookEvent
from payments.psp.outcomes import (
    Approved,
    AuthorizeOutcome,
    CaptureFailed,
    CaptureOutcome,
    CapturePending,
    Declined,
    DeclineReason,
    NotFoundAtPsp,
    NotSent,
    Pending,
    RefundFailed,
    RefundOutcome,
    RefundPending,
    RequiresAction,
    RetrieveOutcome,
    RetrieveRefundOutcome,
    Unknown,
    Voided,
    VoidOutcome,
)
from payments.psp.settlement import NoSettlementLines, SettlementOutcome
from payments.psp.transport import never_connected, new_session

# The longest description that Checkout.com takes (API reference, "Request a payment").
MAX_DESCRIPTION = 100
# The longest page of a list that it gives.
MOST_LISTED = 100

# The SDK and our readers trust a reply's shape; these come out of one that is not what it should be.
UNREADABLE = (AttributeError, KeyError, TypeError, ValueError, RecursionError, StopIteration, InvalidMoney)


class _Client(ApiClient):  # type: ignore[misc] # the SDK has no types
    """The SDK's client, whose logger is called as a package of ours is: that one's events would go where its go."""

    _logger = logging.getLogger("checkout_sdk")


class CheckoutComAdapter:
    """One Checkout.com account. ``return_url`` is where buyers come back to from 3-D Secure.

    :param api_base: the account's own address: ``https://{prefix}.api.checkout.com``.
    :param processing_channel: ``pc_...``, for an account that has several.
    :param webhook_authorization: what webhooks bring as their Authorization, where the workflow says so.
    """

    # Checkout.com remembers a key for 24 h (documentation, "Idempotency"), where it answered 2xx: after an error the
    # same key is executed anew, so that only the look-up before it keeps a charge that failed half-way from a second.
    key_retention = timedelta(hours=23)
    signature_headers: tuple[str, ...] = ("cko-signature",)

    def __init__(
        self,
        *,
        secret_key: str,
        webhook_secret: str,
        api_base: str,
        connect_timeout_seconds: float,
        read_timeout_seconds: float,
        processing_channel: str = "",
        webhook_authorization: str = "",
        return_url: str = "",
    ) -> None:
        self._webhook_secret = webhook_secret
        self._webhook_authorization = webhook_authorization
        self._processing_channel = processing_channel
        self._return_url = return_url
        base = f"{api_base.rstrip('/')}/"
        # Not through the SDK's builder: it puts the account's prefix before whatever host it is given.
        configuration = CheckoutConfiguration(
            credentials=DefaultKeysSdkCredentials(secret_key=secret_key),
            environment=Environment(*[base] * 7, is_sandbox=False),
            http_client=new_session(timeout_seconds=(connect_timeout_seconds, read_timeout_seconds)),
        )
        self._payments = PaymentsClient(_Client(configuration, base), configuration)

    def authorize(
        self, *, key: str, attempt_id: UUID, money: Money, token: str, capture: bool, description: str
    ) -> AuthorizeOutcome:
        """Request a payment; declined here where Checkout.com would take the amount for another sum.

        What is taken "at once" is held first and captured by itself soon after.
        """
        source = checkoutcom_objects.source_of(token)
        if source is None:
            why = "neither a token (tok_) nor an instrument (src_) of Checkout.com"
            return Declined(None, reason=DeclineReason.INVALID_PAYMENT_METHOD, soft=False, message=why)
        if not is_taken_alike(money):
            why = f"Checkout.com does not take {money} as it is"
            return Declined(None, reason=DeclineReason.NOT_SUPPORTED, soft=True, message=why)
        request = {
            "source": source,
            "amount": money.amount_minor,
            "currency": money.currency,
            "capture": capture,
            "reference": str(attempt_id),
            "description": description[:MAX_DESCRIPTION],
            "metadata": {"tally_attempt": str(attempt_id)},
            **self._where_and_how(),
        }
        answer = _call(lambda: self._payments.request_payment(request, key))
        # That this request was refused says nothing of an earlier one under the same key: the record does.
        outcome = (
            _behind(self.retrieve(attempt_id=attempt_id, psp_reference=None))
            if isinstance(answer, Refusal)
            else _read(answer, checkoutcom_objects.of_attempt(attempt_id))
        )
        if isinstance(answer, Refusal) and isinstance(outcome, NotFoundAtPsp):
            return answer.as_decline()
        if isinstance(outcome, Approved | RequiresAction | Declined | NotSent | Unknown):
            return outcome
        return Unknown(detail=f"not decided yet: {outcome}")

    def finish(
        self, *, key: str, attempt_id: UUID, psp_reference: str | None, returned: Mapping[str, str]
    ) -> RetrieveOutcome:
        """Look the payment up: Checkout.com goes on by itself, and nobody has to believe a browser."""
        return self.retrieve(attempt_id=attempt_id, psp_reference=psp_reference)

    def capture(self, *, key: str, capture_id: UUID, psp_reference: str, money: Money, final: bool) -> CaptureOutcome:
        """Ask for a capture; where it is refused, say how ours stands among the payment's actions, if it is there."""
        request = {
            "amount": money.amount_minor,
            "capture_type": "Final" if final else "NonFinal",
            "reference": str(capture_id),
            "metadata": {"tally_capture": str(capture_id)},
        }
        answer = _call(lambda: self._payments.capture_payment(psp_reference, request, key))
        if isinstance(answer, Refusal):
            read = checkoutcom_objects.capture_among(capture_id, money.currency)
            found = _read(_behind(self._actions(psp_reference)), read)
            return CaptureFailed(None, answer.reason, str(answer)) if isinstance(found, NotFoundAtPsp) else found
        return _read(answer, checkoutcom_objects.accepted(str(capture_id), CapturePending))

    def void(self, *, key: str, psp_reference: str) -> VoidOutcome:
        """Ask to let go of what is not captured. Where that is refused because it was done before, that is the answer.

        Checkout.com does not let go of a payment that waits for the buyer: that one runs out.
        """
        answer = _call(lambda: self._payments.void_payment(psp_reference, {"reference": key}, key))
        if isinstance(answer, Refusal):
            read = checkoutcom_objects.is_let_go_of(psp_reference)
            is_let_go_of = _read(_behind(self._details(psp_reference)), read)
            if isinstance(is_let_go_of, bool):
                return Voided(psp_reference) if is_let_go_of else answer.as_decline()
            return is_let_go_of
        return _read(answer, checkoutcom_objects.accepted(key, lambda _: Pending(psp_reference)))

    def refund(self, *, key: str, psp_reference: str, refund_id: UUID, money: Money) -> RefundOutcome:
        """Ask for a refund; where it is refused, say how ours stands among the payment's actions, if it is there."""
        request = {
            "amount": money.amount_minor,
            "reference": str(refund_id),
            "metadata": {"tally_refund": str(refund_id)},
        }
        answer = _call(lambda: self._payments.refund_payment(psp_reference, request, key))
        if isinstance(answer, Refusal):
            read = checkoutcom_objects.refund_among(refund_id, money.currency)
            found = _read(_behind(self._actions(psp_reference)), read)
            return RefundFailed(None, reason=answer.reason) if isinstance(found, NotFoundAtPsp) else found
        return _read(answer, checkoutcom_objects.accepted(str(refund_id), RefundPending))

    def retrieve(self, *, attempt_id: UUID, psp_reference: str | None) -> RetrieveOutcome:
        """Read a payment by its id; without one, find it by its reference, which is our attempt."""
        if psp_reference is not None:
            read = checkoutcom_objects.of_payment(psp_reference)
            outcome: RetrieveOutcome = _read(self._details(psp_reference), read)
        else:
            query = {"reference": str(attempt_id), "limit": MOST_LISTED}
            found = _look(lambda: self._payments.get_payments_list(query))
            outcome = _read(found, checkoutcom_objects.found_for(attempt_id))
        return self._with_reason(outcome) if isinstance(outcome, Declined) else outcome

    def retrieve_refund(self, *, refund_id: UUID, psp_reference: str) -> RetrieveRefundOutcome:
        """Find ours among a payment's actions, in the payment's currency."""
        currency = _read(self._details(psp_reference), checkoutcom_objects.currency_of(psp_reference))
        if not isinstance(currency, str):
            return currency
        return _read(self._actions(psp_reference), checkoutcom_objects.refund_among(refund_id, currency))

    def settlement_lines(self, *, since: datetime, cursor: str, limit: int) -> SettlementOutcome:
        """Say that its reports are files: it lists no account's lines."""
        return NoSettlementLines()

    def verify_webhook(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        """Check Cko-Signature over the raw bytes, and the Authorization where we know one; return the event's id.

        The signature bears no time, and events are sent again for days: that an event counts once is the inbox's work.

        :raises BadSignature: ``signature_invalid``, or ``event_invalid``: signed, and yet no event.
        """
        return checkoutcom_events.verify(
            headers, body, secret=self._webhook_secret, authorization=self._webhook_authorization
        )

    def parse_webhook(self, *, body: bytes) -> tuple[WebhookEvent, ...]:
        """Return what a verified event says."""
        return checkoutcom_events.parse_event(body)

    def _where_and_how(self) -> dict[str, Any]:
        """Return what every payment is asked with: our channel, and 3-D Secure where the card and its bank do that."""
        channel = {"processing_channel_id": self._processing_channel} if self._processing_channel else {}
        pages = {"success_url": self._return_url, "failure_url": self._return_url} if self._return_url else {}
        return {**channel, **pages, "3ds": {"enabled": True, "attempt_n3d": True}}

    def _details(self, psp_reference: str) -> "Found":
        return _look(lambda: self._payments.get_payment_details(psp_reference))

    def _actions(self, psp_reference: str) -> "Found":
        return _look(lambda: self._payments.get_payment_actions(psp_reference))

    def _with_reason(self, declined: Declined) -> Declined:
        """Return a decline with its reason, which a payment's details do not tell."""
        if declined.message or declined.psp_reference is None:
            return declined
        read = checkoutcom_objects.last_decline(declined.psp_reference)
        found = _read(self._actions(declined.psp_reference), read)
        return found if isinstance(found, Declined) else declined


type Found = Object | NotSent | Unknown


def _read[T](answer: Found, read: Reader[T]) -> T | NotSent | Unknown:
    if isinstance(answer, NotSent | Unknown):
        return answer
    try:
        return read(answer)
    except UNREADABLE as error:
        return Unknown(detail=f"unreadable reply: {error!r}")


def _behind[T](looked_up: T | NotSent) -> T | Unknown:
    """Return what was looked up after a request: if that was not sent, the request was all the same."""
    return Unknown(detail=f"refused, and then {looked_up}") if isinstance(looked_up, NotSent) else looked_up


def _look(call: Callable[[], Any]) -> Found:
    """Ask for what is known. That a look-up was refused says nothing about the payment."""
    answer = _call(call)
    return Unknown(detail=f"look-up refused: {answer}") if isinstance(answer, Refusal) else answer


def _call(call: Callable[[], Any]) -> Found | Refusal:
    """Sort what can go wrong with a call by what it proves.

    Only a refusal that Checkout.com spoke about this very request counts as one; a connection that was never made is
    *not sent*; everything else is unknown: 5xx, too many requests or a key in use (429), a refused API key (401).
    """
    try:
        answer: Object = _plain(call())
    except CheckoutApiException as error:
        status = error.http_metadata.status_code
        said = Refusal.read(status=status, request_id=error.request_id, codes=error.error_details)
        return said or Unknown(detail=f"HTTP {status}, {error.error_type}: {error.error_details}")
    except CheckoutException as error:
        cause = error.__cause__
        return NotSent(detail=repr(cause)) if never_connected(cause) else Unknown(detail=f"no reply: {cause!r}")
    except UNREADABLE as error:
        return Unknown(detail=f"unreadable reply: {error!r}")
    return answer


def _plain(wrapped: Any) -> Any:
    """Return what the SDK made attributes of as the JSON that it was; a list at the top is its ``items``."""
    if isinstance(wrapped, ResponseWrapper):
        return {name: _plain(value) for name, value in vars(wrapped).items() if name != "http_metadata"}
    return [_plain(each) for each in wrapped] if isinstance(wrapped, list) else wrapped
