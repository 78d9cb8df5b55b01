"""Stripe, through its official SDK: PaymentIntents confirmed at creation, refunds, signed webhooks.

The only module that speaks to the SDK. Our ids travel in Stripe's metadata, so that a webhook or a search finds the
attempt even where Stripe's own id never reached us.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import requests
import stripe
import urllib3

from ledger.errors import InvalidMoney
from ledger.money import Money
from payments.errors import BadSignature
from payments.psp import stripe_objects
from payments.psp.base import (
    Approved,
    AuthorizeOutcome,
    CaptureOutcome,
    Declined,
    NotSent,
    Pending,
    RefundFailed,
    RefundOutcome,
    RetrieveOutcome,
    Unknown,
    Voided,
    VoidOutcome,
    WebhookEvent,
)

# Stripe's own recommendation (docs, "Verify webhook signatures"): older signatures may be replays.
SIGNATURE_TOLERANCE_SECONDS = 300


class StripeAdapter:
    """One Stripe account."""

    def __init__(
        self,
        *,
        api_key: str,
        webhook_secret: str,
        api_base: str,
        connect_timeout_seconds: float,
        read_timeout_seconds: float,
    ) -> None:
        self._webhook_secret = webhook_secret
        self._client = stripe.StripeClient(
            api_key,
            base_addresses={"api": api_base},
            # We retry by our own rules, under our own keys.
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=(connect_timeout_seconds, read_timeout_seconds)),
        )

    def authorize(
        self, *, key: str, attempt_id: UUID, money: Money, token: str, capture: bool, description: str
    ) -> AuthorizeOutcome:
        """Create and confirm a PaymentIntent."""
        params: Any = {
            "amount": money.amount_minor,
            "currency": money.currency.lower(),
            "payment_method": token,
            "payment_method_types": ["card"],
            "confirm": True,
            "capture_method": "automatic" if capture else "manual",
            "metadata": {"tally_attempt": str(attempt_id), "tally_description": description},
        }
        outcome = _ask(
            lambda: self._client.v1.payment_intents.create(params, {"idempotency_key": key}), stripe_objects.standing
        )
        return Unknown(detail="not decided yet") if isinstance(outcome, Voided | Pending) else outcome

    def capture(self, *, key: str, psp_reference: str, money: Money) -> CaptureOutcome:
        """Capture an authorised PaymentIntent, or part of it; Stripe releases the rest."""
        params: Any = {"amount_to_capture": money.amount_minor}
        outcome = _ask(
            lambda: self._client.v1.payment_intents.capture(psp_reference, params, {"idempotency_key": key}),
            stripe_objects.standing,
        )
        if isinstance(outcome, Approved | Declined | NotSent | Unknown):
            return outcome
        return Unknown(detail=f"after capture: {type(outcome).__name__}")

    def void(self, *, key: str, psp_reference: str) -> VoidOutcome:
        """Cancel a PaymentIntent that was not captured."""
        outcome = _ask(
            lambda: self._client.v1.payment_intents.cancel(psp_reference, {}, {"idempotency_key": key}),
            stripe_objects.standing,
        )
        if isinstance(outcome, Voided | Declined | NotSent | Unknown):
            return outcome
        return Unknown(detail=f"after cancel: {type(outcome).__name__}")

    def refund(self, *, key: str, psp_reference: str, refund_id: UUID, money: Money) -> RefundOutcome:
        """Refund a captured PaymentIntent, or part of it."""
        params: Any = {
            "payment_intent": psp_reference,
            "amount": money.amount_minor,
            "metadata": {"tally_refund": str(refund_id)},
        }
        outcome = _ask(
            lambda: self._client.v1.refunds.create(params, {"idempotency_key": key}), stripe_objects.refund_outcome
        )
        return RefundFailed(None, reason=outcome.reason) if isinstance(outcome, Declined) else outcome

    def retrieve(self, *, attempt_id: UUID, psp_reference: str | None) -> RetrieveOutcome:
        """Read a PaymentIntent by its id; without one, search by our attempt (Stripe's index may lag by a minute)."""
        if psp_reference is not None:
            return _look(lambda: self._client.v1.payment_intents.retrieve(psp_reference), stripe_objects.standing)
        query = f"metadata['tally_attempt']:'{attempt_id}'"
        return _look(lambda: self._client.v1.payment_intents.search({"query": query}), stripe_objects.first_found)

    def verify_webhook(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        """Check Stripe-Signature over the raw bytes and return the event's id."""
        try:
            stripe.WebhookSignature.verify_header(
                body.decode(), headers.get("Stripe-Signature", ""), self._webhook_secret, SIGNATURE_TOLERANCE_SECONDS
            )
        except (stripe.SignatureVerificationError, UnicodeDecodeError) as error:
            raise BadSignature(
                code="signature_invalid", detail="The Stripe-Signature header does not fit these bytes."
            ) from error
        return stripe_objects.event_id(body)

    def parse_webhook(self, *, body: bytes) -> WebhookEvent:
        """Return what a verified event says."""
        return stripe_objects.parse_event(body)


def _look[T](call: Callable[[], Any], read: Callable[[Mapping[str, Any]], T]) -> T | NotSent | Unknown:
    """Make a look-up. That it was refused says nothing about the payment."""
    answer = _call(call)
    if isinstance(answer, Declined):
        return Unknown(detail=f"look-up refused: {answer.reason}")
    return _read(answer, read) if isinstance(answer, dict) else answer


def _ask[T](call: Callable[[], Any], read: Callable[[Mapping[str, Any]], T]) -> T | NotSent | Unknown | Declined:
    """Make a request that moves money, and read what came of it."""
    answer = _call(call)
    return _read(answer, read) if isinstance(answer, dict) else answer


def _read[T](answer: Mapping[str, Any], read: Callable[[Mapping[str, Any]], T]) -> T | Unknown:
    try:
        return read(answer)
    except (KeyError, TypeError, ValueError, InvalidMoney) as error:
        return Unknown(detail=f"unreadable reply: {error!r}")


def _call(call: Callable[[], Any]) -> dict[str, Any] | NotSent | Unknown | Declined:
    """Sort what can go wrong with a call by what it proves.

    Only a refusal that Stripe spoke about this very request is a decline; a connection that was never made is *not
    sent*; everything else is unknown, also a key that fits another request (the first one may have been executed), a
    key in use (409) and a rate limit.
    """
    try:
        answer: dict[str, Any] = call().to_dict()
    except stripe.CardError as error:
        return stripe_objects.decline(error.json_body["error"])  # type: ignore[index]  # a card error always has a body
    except stripe.APIConnectionError as error:
        cause = error.__cause__
        return NotSent(detail=repr(cause)) if _never_connected(cause) else Unknown(detail=repr(cause))
    except (stripe.InvalidRequestError, stripe.AuthenticationError, stripe.PermissionError) as error:
        return Declined(psp_reference=None, reason=error.code or f"http_{error.http_status}", soft=False)
    except stripe.StripeError as error:
        return Unknown(detail=f"{type(error).__name__} {error.http_status}")
    return answer


def _never_connected(cause: BaseException | None) -> bool:
    """Whether a transport error says that no connection came about: refused, timed out, or no such host."""
    if isinstance(cause, requests.ConnectTimeout):
        return True
    if not isinstance(cause, requests.ConnectionError) or not cause.args:
        return False
    return isinstance(getattr(cause.args[0], "reason", None), urllib3.exceptions.ConnectTimeoutError)
