"""Reads of the payments package for packages above."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from ledger.money import Money
from payments.errors import PaymentNotFound
from payments.models import Attempt, Capture, Dispute, IntentPart, PaymentIntent, Payout, Refund, RefundPart
from payments.part_rows import refundable_parts
from payments.payout_lines import payout_lines
from payments.payout_proof import payout_proof
from payments.representation import (
    Json,
    capture_body,
    dispute_body,
    intent_body,
    payout_body,
    payout_lines_body,
    proof_body,
    refund_body,
)
from payments.states import AttemptState


def intents(*, client: str) -> QuerySet[PaymentIntent]:
    """Return a client's intents with their attempts and parts."""
    attempts = Prefetch("attempts", Attempt.objects.order_by("pk"))
    parts = Prefetch("parts", IntentPart.objects.order_by("pk").prefetch_related("shares__refund"))
    return PaymentIntent.objects.filter(client=client).prefetch_related(attempts, parts)


def intent_for_client(*, intent_id: str, client: str | None) -> Json:
    """Return an intent as its client (None: whoever that is) sees it.

    :raises PaymentNotFound: ``payment_intent_not_found``: there is none, or it is another client's.
    """
    found = PaymentIntent.objects.filter(public_id=intent_id, **({"client": client} if client is not None else {}))
    intent = found.first()
    if intent is None:
        raise PaymentNotFound(code="payment_intent_not_found", detail=f"There is no payment intent {intent_id}.")
    return intent_body(intent, attempts=list(intent.attempts.order_by("pk")), parts=refundable_parts(intent))


def captures(*, client: str) -> QuerySet[Capture]:
    """Return a client's captures with their attempts and intents."""
    return Capture.objects.filter(attempt__intent__client=client).select_related("attempt__intent")


def refunds(*, client: str) -> QuerySet[Refund]:
    """Return a client's refunds with their attempts, intents and shares."""
    shares = Prefetch("shares", RefundPart.objects.order_by("pk").select_related("part"))
    own = Refund.objects.filter(attempt__intent__client=client)
    return own.select_related("attempt__intent").prefetch_related(shares)


def capture_for_client(*, capture_id: str, client: str) -> Json:
    """Return a capture as its client sees it.

    :raises PaymentNotFound: ``capture_not_found``.
    """
    capture = captures(client=client).filter(public_id=capture_id).first()
    if capture is None:
        raise PaymentNotFound(code="capture_not_found", detail=f"There is no capture {capture_id}.")
    return capture_body(capture)


def capture_name(*, capture_uuid: UUID) -> str:
    """Return the id that clients know a capture by."""
    return str(Capture.objects.values_list("public_id", flat=True).get(uuid=capture_uuid))


def refund_for_client(*, refund_id: str, client: str) -> Json:
    """Return a refund as its client sees it.

    :raises PaymentNotFound: ``refund_not_found``.
    """
    refund = refunds(client=client).filter(public_id=refund_id).first()
    if refund is None:
        raise PaymentNotFound(code="refund_not_found", detail=f"There is no refund {refund_id}.")
    return refund_body(refund)


def pays_back_surplus(*, refund_id: str) -> bool:
    """Return whether a refund gives back what was charged beyond what was owed."""
    return Refund.objects.filter(public_id=refund_id, attempt__state=AttemptState.SURPLUS).exists()


def disputes(*, client: str) -> QuerySet[Dispute]:
    """Return the disputes of a client's payments with their attempts and intents."""
    return Dispute.objects.filter(attempt__intent__client=client).select_related("attempt__intent")


def dispute_for_client(*, dispute_id: str, client: str) -> Json:
    """Return a dispute as the client whose payment it is about sees it.

    :raises PaymentNotFound: ``dispute_not_found``.
    """
    dispute = disputes(client=client).filter(public_id=dispute_id).first()
    if dispute is None:
        raise PaymentNotFound(code="dispute_not_found", detail=f"There is no dispute {dispute_id}.")
    return dispute_body(dispute)


def payouts() -> QuerySet[Payout]:
    """Return all payouts: they belong to the book, not to a client."""
    return Payout.objects.all()


def payout(*, payout_id: str) -> Json:
    """Return a payout, with what its settlement lines come to, and its proof.

    :raises PaymentNotFound: ``payout_not_found``.
    """
    found = Payout.objects.filter(public_id=payout_id).first()
    if found is None:
        raise PaymentNotFound(code="payout_not_found", detail=f"There is no payout {payout_id}.")
    lines = payout_lines(payout=found)
    proof = payout_proof(payout=found)
    return {
        **payout_body(found),
        "settlement": None if lines is None else payout_lines_body(lines),
        "proof": None if proof is None else proof_body(proof),
    }


def clients_of_events(payloads: Mapping[UUID, dict[str, Any]]) -> dict[UUID, str]:
    """Return whose payment each event is about; none where it is about none."""
    named = {event: payload.get("order_reference") for event, payload in payloads.items()}
    intents = PaymentIntent.objects.filter(order_reference__in=set(named.values()))
    clients = dict(intents.values_list("order_reference", "client"))
    return {event: clients[order] for event, order in named.items() if order in clients}


def captured_by_attempt() -> dict[str, Money]:
    """Return what was captured and not paid back, by attempt uuid: what a PSP's own record must say, too."""
    attempts = Attempt.objects.filter(captured_minor__gt=0)
    rows = attempts.values_list("uuid", "captured_minor", "refunded_minor", "currency")
    return {str(uuid): Money(captured - refunded, currency) for uuid, captured, refunded, currency in rows.iterator()}
