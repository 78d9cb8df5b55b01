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

from ledger.money import Money
from payments.errors import BadSignature
from payments.psp import stripe_objects
from payments.psp.base import (
    Approved,
    AuthorizeOutcome,
    CaptureOutcome,
    Declined,
    NotFoundAtPsp,
    NotSent,
    Pending,
    RefundFailed,
    RefundOutcome,
    RequiresAction,
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
        answer = _ask(lambda: self._client.v1.payment_intents.create(params, {"idempotency_key": key}))
        if not isinstance(answer, dict):
            return answer
        outcome = stripe_objects.payment_outcome(answer)
        if isinstance(outcome, Approved | RequiresAction | Declined):
            return outcome
        return Unknown(detail=f"PaymentIntent {answer['id']} is {answer['status']}")

    def capture(self, *, key: str, psp_reference: str, money: Money) -> CaptureOutcome:
        """Capture an authorised PaymentIntent, or part of it; Stripe releases the rest."""
        params: Any = {"amount_to_capture": money.amount_minor}
        answer = _ask(lambda: self._client.v1.payment_intents.capture(psp_reference, params, {"idempotency_key": key}))
        if not isinstance(answer, dict):
            return answer
        outcome = stripe_objects.payment_outcome(answer)
        return outcome if isinstance(outcome, Approved) else Unknown(detail=f"after capture: {answer['status']}")

    def void(self, *, key: str, psp_reference: str) -> VoidOutcome:
        """Cancel a PaymentIntent that was not captured."""
        answer = _ask(lambda: self._client.v1.payment_intents.cancel(psp_reference, {}, {"idempotency_key": key}))
        if not isinstance(answer, dict):
            return answer
        outcome = stripe_objects.payment_outcome(answer)
        return outcome if isinstance(outcome, Voided) else Unknown(detail=f"after cancel: {answer['status']}")

    def refund(self, *, key: str, psp_reference: str, refund_id: UUID, money: Money) -> RefundOutcome:
        """Refund a captured PaymentIntent, or part of it."""
        params: Any = {
            "payment_intent": psp_reference,
            "amount": money.amount_minor,
            "metadata": {"tally_refund": str(refund_id)},
        }
        answer = _ask(lambda: self._client.v1.refunds.create(params, {"idempotency_key": key}))
        if isinstance(answer, Declined):
            return RefundFailed(psp_reference=None, reason=answer.reason)
        return stripe_objects.refund_outcome(answer) if isinstance(answer, dict) else answer

    def retrieve(self, *, attempt_id: UUID, psp_reference: str | None) -> RetrieveOutcome:
        """Read a PaymentIntent by its id; without one, search by our attempt (Stripe's index may lag by a minute)."""
        if psp_reference is not None:
            intent = _ask(lambda: self._client.v1.payment_intents.retrieve(psp_reference))
            return _standing(intent) if isinstance(intent, dict) else _no_evidence(intent)
        query = f"metadata['tally_attempt']:'{attempt_id}'"
        found = _ask(lambda: self._client.v1.payment_intents.search({"query": query}))
        if not isinstance(found, dict):
            return _no_evidence(found)
        return _standing(found["data"][0]) if found["data"] else NotFoundAtPsp()

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


def _standing(intent: Mapping[str, Any]) -> RetrieveOutcome:
    return stripe_objects.payment_outcome(intent) or Pending(psp_reference=intent["id"])


def _no_evidence(answer: NotSent | Unknown | Declined) -> NotSent | Unknown:
    """Turn a refused look-up into what it is: it says nothing about the payment."""
    return Unknown(detail=f"look-up refused: {answer.reason}") if isinstance(answer, Declined) else answer


def _ask(call: Callable[[], Any]) -> dict[str, Any] | NotSent | Unknown | Declined:
    """Make one call and sort what can go wrong by what it proves.

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
