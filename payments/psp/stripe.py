"""Stripe, through its official SDK: PaymentIntents confirmed at creation, refunds, signed webhooks.

The only module that speaks to the SDK. Our ids travel in Stripe's metadata, so that a webhook or a search finds the
attempt even where Stripe's own id never reached us.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import stripe

from ledger.errors import InvalidMoney
from ledger.money import Money
from payments.errors import BadSignature
from payments.psp import stripe_objects
from payments.psp.news import WebhookEvent
from payments.psp.outcomes import (
    Approved,
    AuthorizeOutcome,
    CaptureFailed,
    CaptureOutcome,
    CaptureSucceeded,
    Declined,
    DeclineReason,
    Expired,
    NotSent,
    Pending,
    RefundFailed,
    RefundOutcome,
    RetrieveOutcome,
    RetrieveRefundOutcome,
    Unknown,
    Voided,
    VoidOutcome,
)
from payments.psp.settlement import SettlementOutcome
from payments.psp.stripe_currencies import is_counted_alike
from payments.psp.stripe_objects import Object, Reader, Refusal
from payments.psp.stripe_walk import Walk
from payments.psp.transport import never_connected, new_session

# Stripe's own recommendation (docs, "Verify webhook signatures"): older signatures may be replays.
SIGNATURE_TOLERANCE_SECONDS = 300
# Stripe refuses a longer value (API reference, "Metadata"), and with it the whole charge.
MAX_METADATA_VALUE = 500
# The longest page of a list that Stripe gives.
MOST_LISTED = 100

# The SDK and our readers trust a reply's shape; these come out of one that is not what it should be.
UNREADABLE = (AttributeError, KeyError, TypeError, ValueError, RecursionError, InvalidMoney)

# It would write an id into the home directory and report on this machine with every request.
stripe.enable_telemetry = False


class StripeAdapter:
    """One Stripe account. ``return_url`` is where buyers come back to from 3-D Secure, our attempt's id added."""

    # Stripe forgets a key after 24 h at the earliest (its API reference, "Idempotent requests").
    key_retention = timedelta(hours=23)
    several_captures = False
    signature_headers: tuple[str, ...] = ("stripe-signature",)

    def __init__(
        self,
        *,
        api_key: str,
        webhook_secret: str,
        api_base: str,
        connect_timeout_seconds: float,
        read_timeout_seconds: float,
        return_url: str = "",
    ) -> None:
        self._webhook_secret = webhook_secret
        self._return_url = return_url
        http_client = stripe.RequestsClient(
            timeout=(connect_timeout_seconds, read_timeout_seconds), session=new_session()
        )
        client = stripe.StripeClient(
            api_key,
            base_addresses={"api": api_base},
            # We retry by our own rules, under our own keys.
            max_network_retries=0,
            http_client=http_client,
        )
        self._payments = client.v1.payment_intents
        self._refunds = client.v1.refunds
        self._balance = client.v1.balance_transactions

    def authorize(
        self, *, key: str, attempt_id: UUID, money: Money, token: str, capture: bool, description: str
    ) -> AuthorizeOutcome:
        """Create and confirm a PaymentIntent; declined here where Stripe would take the amount for another sum."""
        if not is_counted_alike(money.currency):
            why = f"Stripe's minor unit of {money.currency} is not ISO 4217's"
            return Declined(None, reason=DeclineReason.NOT_SUPPORTED, soft=True, message=why)
        params: Any = {
            "amount": money.amount_minor,
            "currency": money.currency.lower(),
            "payment_method": token,
            "payment_method_types": ["card"],
            "confirm": True,
            "capture_method": "automatic" if capture else "manual",
            "metadata": {"tally_attempt": str(attempt_id), "tally_description": description[:MAX_METADATA_VALUE]},
            # It says until when a hold can be captured.
            "expand": ["latest_charge"],
        }
        if self._return_url:
            params["return_url"] = f"{self._return_url}/{attempt_id}"
        answer = _call(lambda: self._payments.create(params, {"idempotency_key": key}))
        if isinstance(answer, Refusal):
            return answer.as_decline()
        outcome = _read(answer, stripe_objects.of_attempt(attempt_id))
        return Unknown(detail="not decided yet") if isinstance(outcome, Voided | Expired | Pending) else outcome

    def finish(
        self, *, key: str, attempt_id: UUID, psp_reference: str | None, returned: Mapping[str, str]
    ) -> RetrieveOutcome:
        """Look the payment up: Stripe goes on by itself, and nobody has to believe a browser."""
        return self.retrieve(attempt_id=attempt_id, psp_reference=psp_reference)

    def capture(self, *, key: str, capture_id: UUID, psp_reference: str, money: Money, final: bool) -> CaptureOutcome:
        """Capture an authorised PaymentIntent, or part of it; Stripe releases the rest, so each has one capture.

        Where it had been captured before, that capture is the answer, with its own amount.
        """
        if not final:
            return CaptureFailed(None, reason=DeclineReason.NOT_SUPPORTED, message="Stripe captures a payment once")
        params: Any = {"amount_to_capture": money.amount_minor}
        answer = _call(lambda: self._payments.capture(psp_reference, params, {"idempotency_key": key}))
        outcome = _standing_after(answer, psp_reference)
        if isinstance(outcome, Approved) and outcome.captured:
            return CaptureSucceeded(psp_reference, outcome.money)
        if isinstance(answer, Refusal):
            no = answer.as_decline()
            return CaptureFailed(None, reason=no.reason, message=no.message)
        return outcome if isinstance(outcome, NotSent | Unknown) else Unknown(detail=f"after capture: {outcome}")

    def void(self, *, key: str, psp_reference: str) -> VoidOutcome:
        """Cancel a PaymentIntent that was not captured. Where it had been canceled before, that is the answer."""
        answer = _call(lambda: self._payments.cancel(psp_reference, {}, {"idempotency_key": key}))
        outcome = _standing_after(answer, psp_reference)
        if isinstance(answer, Refusal) and not isinstance(outcome, Voided):
            return answer.as_decline()
        if isinstance(outcome, Voided | NotSent | Unknown):
            return outcome
        return Unknown(detail=f"after cancel: {outcome}")

    def refund(self, *, key: str, psp_reference: str, refund_id: UUID, money: Money) -> RefundOutcome:
        """Refund a captured PaymentIntent, or a charge that has none, or part of it."""
        params: Any = {
            stripe_objects.named_by(psp_reference): psp_reference,
            "amount": money.amount_minor,
            "metadata": {"tally_refund": str(refund_id)},
        }
        answer = _call(lambda: self._refunds.create(params, {"idempotency_key": key}))
        if isinstance(answer, Refusal):
            return RefundFailed(None, reason=answer.as_decline().reason)
        return _read(answer, stripe_objects.of_refund(refund_id, psp_reference))

    def retrieve(self, *, attempt_id: UUID, psp_reference: str | None) -> RetrieveOutcome:
        """Read a PaymentIntent by its id; without one, search by our attempt (Stripe's index may lag by a minute)."""
        if psp_reference is not None:
            answer = _call(lambda: self._payments.retrieve(psp_reference, {"expand": ["latest_charge"]}))
            read: Reader[Any] = stripe_objects.of_payment(psp_reference)
        else:
            query = f"metadata['tally_attempt']:'{attempt_id}'"
            answer = _call(lambda: self._payments.search({"query": query, "expand": ["data.latest_charge"]}))
            read = stripe_objects.found_for(attempt_id)
        if isinstance(answer, Refusal):
            # That a look-up was refused says nothing about the payment.
            return Unknown(detail=f"look-up refused: {answer}")
        return _read(answer, read)

    def retrieve_refund(self, *, refund_id: UUID, psp_reference: str) -> RetrieveRefundOutcome:
        """Read the refunds of a PaymentIntent (unlike its searches, Stripe's lists do not lag) and find ours."""
        params: Any = {stripe_objects.named_by(psp_reference): psp_reference, "limit": MOST_LISTED}
        answer = _call(lambda: self._refunds.list(params))
        if isinstance(answer, Refusal):
            return Unknown(detail=f"look-up refused: {answer}")
        return _read(answer, stripe_objects.found_refund(refund_id, psp_reference))

    def settlement_lines(self, *, since: datetime, cursor: str, limit: int) -> SettlementOutcome:
        """Read a page of balance transactions, or of those of a payout."""
        walk = Walk.read(cursor) if cursor else Walk(int(since.timestamp()))
        params: Any = walk.asks_for(limit=min(limit, MOST_LISTED))
        answer = _call(lambda: self._balance.list(params))
        if isinstance(answer, Refusal):
            return Unknown(detail=f"look-up refused: {answer}")
        return _read(answer, walk.page)

    def verify_webhook(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        """Check Stripe-Signature over the raw bytes and return the event's id.

        :raises BadSignature: ``signature_invalid``, or ``event_invalid``: signed, and yet no event.
        """
        signature = next((value for name, value in headers.items() if name.lower() == "stripe-signature"), "")
        try:
            stripe.WebhookSignature.verify_header(body.decode(), signature, self._webhook_secret)
        except (stripe.SignatureVerificationError, UnicodeDecodeError, TypeError) as error:
            # TypeError: the SDK compares with hmac.compare_digest, which takes no signature beyond ASCII.
            raise BadSignature(
                code="signature_invalid", detail="The Stripe-Signature header does not fit these bytes."
            ) from error
        # The SDK would ask the clock itself; the time is handed to us.
        if stripe_objects.signed_at(signature) < now.timestamp() - SIGNATURE_TOLERANCE_SECONDS:
            raise BadSignature(code="signature_invalid", detail="The Stripe-Signature header is too old.")
        return stripe_objects.event_id(body)

    def parse_webhook(self, *, body: bytes) -> tuple[WebhookEvent, ...]:
        """Return what a verified event says."""
        return (stripe_objects.parse_event(body),)


type Answer = Object | Refusal | NotSent | Unknown


def _standing_after(answer: Answer, psp_reference: str) -> Any:
    """Return how a payment stands by a reply, or by what a refusal tells about it."""
    told = answer.payment if isinstance(answer, Refusal) else answer
    return _read(told, stripe_objects.of_payment(psp_reference))


def _read[T](answer: Object | NotSent | Unknown, read: Reader[T]) -> T | NotSent | Unknown:
    if isinstance(answer, NotSent | Unknown):
        return answer
    try:
        return read(answer)
    except UNREADABLE as error:
        return Unknown(detail=f"unreadable reply: {error!r}")


def _call(call: Callable[[], Any]) -> Answer:
    """Sort what can go wrong with a call by what it proves.

    Only a refusal that Stripe spoke about this very request counts as one; a connection that was never made is *not
    sent*; everything else is unknown: 5xx, a rate limit (429), a key in use (409), a key that fits another request
    (the first may have been executed), and a refused API key (401, 403: checked before an earlier request under the
    same idempotency key is remembered, so it says nothing about that one).
    """
    try:
        answer: Object = call().to_dict()
    except stripe.APIConnectionError as error:
        cause = error.__cause__
        return NotSent(detail=repr(cause)) if never_connected(cause) else Unknown(detail=f"no reply: {cause!r}")
    except stripe.StripeError as error:
        if isinstance(error, stripe.CardError | stripe.InvalidRequestError) and (said := Refusal.read(error.json_body)):
            return said
        why = stripe_objects.message_of(stripe_objects.error_in(error.json_body))
        return Unknown(detail=f"{type(error).__name__} {error.http_status}, {why}")
    except UNREADABLE as error:
        return Unknown(detail=f"unreadable reply: {error!r}")
    return answer
