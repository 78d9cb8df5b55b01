"""Every row lock of payments.

The order, over the whole service: uploaded file, settlement line or bank line, intent, then attempt, then capture,
refund, dispute or decision, then payout, then break, then the ledger's balances in the posting function, then (above
us) checkout session, reservations and stock. Whoever needs several takes them in that order.
"""

from uuid import UUID

from django_subatomic.db import transaction_required

from exactly_once.compiled import Compiled, Given
from payments.errors import PaymentNotFound
from payments.models import (
    Attempt,
    BankLine,
    Break,
    BreakRefund,
    Capture,
    Decision,
    Dispute,
    FileImport,
    PaymentIntent,
    Payout,
    Refund,
    SettlementLine,
)
from payments.states import AttemptState, DisputeState

# PostgreSQL locks the rows of a join in the order of OF, and reads both anew where it had to wait for one.
_ATTEMPT = Compiled(
    lambda: (
        Attempt.objects.select_for_update(no_key=True, of=("intent", "self"))
        .select_related("intent")
        .filter(uuid=Given("uuid"))
    )
)


@transaction_required
def lock_intent(*, order_reference: str) -> PaymentIntent | None:
    """Lock the open or successful intent of an order, where there is one."""
    return (
        PaymentIntent.objects.select_for_update(no_key=True)
        .filter(order_reference=order_reference)
        .exclude(state="canceled")
        .first()
    )


@transaction_required
def lock_attempt(*, attempt_uuid: UUID) -> Attempt:
    """Lock an attempt and, before it, its intent.

    :raises PaymentNotFound: no such attempt.
    """
    for attempt in _ATTEMPT(uuid=attempt_uuid):
        return attempt
    raise PaymentNotFound(code="attempt_not_found", detail=f"There is no attempt {attempt_uuid}.")


@transaction_required
def lock_attempts(*, pks: list[int]) -> list[Attempt]:
    """Lock attempts and, before each, its intent, in the order of the intents."""
    in_order = Attempt.objects.select_for_update(no_key=True, of=("intent", "self")).select_related("intent")
    return list(in_order.filter(pk__in=pks).order_by("intent_id", "pk")) if pks else []


@transaction_required
def lock_capture(*, capture_uuid: UUID) -> Capture:
    """Lock a capture and, before it, its intent and its attempt.

    :raises PaymentNotFound: no such capture.
    """
    attempt_uuid = Attempt.objects.filter(captures__uuid=capture_uuid).values_list("uuid", flat=True).first()
    if attempt_uuid is None:
        raise PaymentNotFound(code="capture_not_found", detail=f"There is no capture {capture_uuid}.")
    attempt = lock_attempt(attempt_uuid=attempt_uuid)
    capture = Capture.objects.select_for_update(no_key=True).get(uuid=capture_uuid)
    capture.attempt = attempt
    return capture


@transaction_required
def lock_refund(*, refund_uuid: UUID) -> Refund:
    """Lock a refund and, before it, its intent and its attempt.

    :raises PaymentNotFound: no such refund.
    """
    attempt_uuid = Attempt.objects.filter(refunds__uuid=refund_uuid).values_list("uuid", flat=True).first()
    if attempt_uuid is None:
        raise PaymentNotFound(code="refund_not_found", detail=f"There is no refund {refund_uuid}.")
    attempt = lock_attempt(attempt_uuid=attempt_uuid)
    refund = Refund.objects.select_for_update(no_key=True).get(uuid=refund_uuid)
    refund.attempt = attempt
    return refund


@transaction_required
def lock_break_refund(*, refund_uuid: UUID) -> BreakRefund:
    """Lock a break's refund, before it what :func:`lock_break` locks before the break, and then the break.

    :raises PaymentNotFound: no such refund.
    """
    found = BreakRefund.objects.filter(uuid=refund_uuid).select_related("about__attempt").first()
    if found is None:
        raise PaymentNotFound(code="refund_not_found", detail=f"There is no refund {refund_uuid}.")
    if found.about.attempt is not None:
        lock_attempt(attempt_uuid=found.about.attempt.uuid)
    refund = BreakRefund.objects.select_for_update(no_key=True).get(uuid=refund_uuid)
    refund.about = lock_break(break_id=found.about.public_id)
    return refund


@transaction_required
def lock_lost_disputes(*, order_reference: str) -> list[Dispute]:
    """Lock the lost disputes of an order's payment (whose intent is locked by the caller), by id."""
    lost = Dispute.objects.select_for_update(no_key=True, of=("self",)).select_related("attempt__intent")
    of_order = lost.filter(attempt__intent__order_reference=order_reference, state=DisputeState.LOST)
    return list(of_order.exclude(attempt__state=AttemptState.SURPLUS).order_by("pk"))


@transaction_required
def lock_decision(*, decision_id: str) -> Decision:
    """Lock a decision and, before it, its attempt and that one's intent.

    :raises PaymentNotFound: ``decision_not_found``.
    """
    found = Decision.objects.select_related("attempt").filter(public_id=decision_id).first()
    if found is None:
        raise PaymentNotFound(code="decision_not_found", detail=f"There is no decision {decision_id}.")
    attempt = lock_attempt(attempt_uuid=found.attempt.uuid)
    decision = Decision.objects.select_for_update(no_key=True).get(pk=found.pk)
    decision.attempt = attempt
    return decision


@transaction_required
def lock_break(*, break_id: str) -> Break:
    """Lock a break and, before it, the attempt that it is about, where there is one, and that one's intent.

    :raises PaymentNotFound: ``break_not_found``.
    """
    found = Break.objects.select_related("attempt").filter(public_id=break_id).first()
    if found is None:
        raise PaymentNotFound(code="break_not_found", detail=f"There is no break {break_id}.")
    attempt = None if found.attempt is None else lock_attempt(attempt_uuid=found.attempt.uuid)
    held = Break.objects.select_for_update(no_key=True).get(pk=found.pk)
    held.attempt = attempt
    return held


@transaction_required
def lock_line(*, line_pk: int) -> SettlementLine:
    """Lock a settlement line, before whatever it is about."""
    return SettlementLine.objects.select_for_update(no_key=True).get(pk=line_pk)


@transaction_required
def lock_file(*, file_id: str) -> FileImport:
    """Lock an uploaded file, before the lines that it brings.

    :raises PaymentNotFound: ``file_not_found``.
    """
    found = FileImport.objects.select_for_update(no_key=True).filter(public_id=file_id).first()
    if found is None:
        raise PaymentNotFound(code="file_not_found", detail=f"There is no file import {file_id}.")
    return found


@transaction_required
def lock_bank_line(*, line_pk: int) -> BankLine:
    """Lock a bank line, before the payout that it shows."""
    return BankLine.objects.select_for_update(no_key=True).get(pk=line_pk)


@transaction_required
def lock_payout(*, payout_pk: int) -> Payout:
    """Lock a payout, before breaks about it."""
    return Payout.objects.select_for_update(no_key=True).get(pk=payout_pk)


@transaction_required
def hold_intent(*, order_reference: str) -> None:
    """Lock an order's intent, where there is one, for a caller above us that will lock rows of its own after it."""
    lock_intent(order_reference=order_reference)
