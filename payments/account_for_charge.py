"""A settlement line of a buyer's payment: evidence that the PSP has taken it, whatever else we were told."""

from dataclasses import replace
from datetime import datetime

from django.db.models import Exists, OuterRef, Q
from django_subatomic.db import savepoint, transaction_required

from ledger.money import Money
from payments.accounted import Accounted, attempt_of, missing, told_by
from payments.capture import settle_capture
from payments.errors import PaymentRefused
from payments.models import Attempt, Break, Capture, SettlementLine
from payments.psp.outcomes import Approved, CaptureSucceeded
from payments.report_mismatch import settled_apart
from payments.settle_attempt import settle_attempt
from payments.states import BreakKind, BreakResolution, CaptureState, LineKind, LineState


@transaction_required
def account_for_charge(*, line: SettlementLine, now: datetime) -> Accounted:
    """Find the capture, or bring it about: the attempt may have been unknown, declined, or held, until now.

    :raises TooEarlyError: it may be about an attempt that the PSP has not told us the name of.
    """
    told, attempt = told_by(line), attempt_of(line)
    if attempt is None or told.amount_minor <= 0:
        return missing(line, f"No attempt of ours is {line.payment_reference}.", now)
    if told.currency != attempt.currency:
        detail = f"The payment is in {attempt.currency}, and was settled as {told}."
        return Accounted(LineState.CURRENCY_MISMATCH, detail=detail, attempt=attempt)
    named = _captures(line)
    if named and not any(_is_free(each, line) for each in named):
        return Accounted(LineState.DUPLICATE, detail=f"Another line has settled {named[0]}.", attempt=attempt)
    try:
        with savepoint():
            return _settle(line, attempt, told, now)
    except PaymentRefused as refusal:
        return Accounted(LineState.MISSING_INTERNAL, detail=str(refusal), attempt=attempt)


def _settle(line: SettlementLine, attempt: Attempt, told: Money, now: datetime) -> Accounted:
    capture = _taken(line, attempt, told)
    if capture is None:
        _tell(line, attempt, told, now)
        # What that was of another payment has an attempt of its own now.
        attempt = attempt_of(line) or attempt
        capture = _taken(line, attempt, told)
    if capture is None:
        return _in_question(attempt, told)
    of, ours = capture.attempt, Money(capture.amount_minor, capture.currency)
    is_whole = of.captured_minor == ours.amount_minor
    if told == ours:
        apart = Money(settled_apart(attempt=of, currency=told.currency) if is_whole else 0, told.currency)
        if not apart.amount_minor:
            return Accounted(LineState.MATCHED, explained=told, attempt=of, capture=capture)
        # The PSP had told of another sum, and what it took beyond was refunded or the like: it denies that now.
        detail = f"{capture} is of {ours}, breaks held {apart} beside it, and it was settled as {told}."
        return Accounted(LineState.AMOUNT_MISMATCH, explained=ours + apart, detail=detail, attempt=of, capture=capture)
    if not is_whole:
        detail = f"{capture} is of {ours}, and was settled as {told}."
        return Accounted(LineState.AMOUNT_MISMATCH, explained=ours, detail=detail, attempt=of, capture=capture)
    # It is all that was taken, and the break is the attempt's: a webhook or a look-up that says so opens no second one.
    _approve(line, of, told, now)
    return replace(_in_question(of, told), capture=capture)


def _captures(line: SettlementLine) -> list[Capture]:
    """Return the captures that the line names, by the PSP's reference or by our id."""
    named = Q(uuid=line.our_id) if line.our_id else Q()
    if line.psp_reference:
        named |= Q(psp_reference=line.psp_reference)
    captures = Capture.objects.filter(attempt__psp=line.psp, attempt__psp_account=line.psp_account)
    kept = captures.exclude(state=CaptureState.FAILED).select_related("attempt__intent")
    return list(kept.filter(named).order_by("pk")) if named else []


def _taken(line: SettlementLine, attempt: Attempt, told: Money) -> Capture | None:
    """Return the capture that the line is about: one that it names or, where it names none, one of its sum.

    What names another payment at the PSP is about none of the attempt's own.
    """
    named = [each for each in _captures(line) if _is_free(each, line)]
    taken = next((each for each in named if each.state == CaptureState.SUCCEEDED), None)
    if taken is not None or named or attempt.psp_reference not in (None, line.payment_reference):
        return taken
    ours = attempt.captures.filter(state=CaptureState.SUCCEEDED, amount_minor=told.amount_minor)
    settled = SettlementLine.objects.filter(capture=OuterRef("pk"), kind=LineKind.CHARGE)
    return ours.filter(~Exists(settled)).select_related("attempt__intent").order_by("pk").first()


def _is_free(capture: Capture, line: SettlementLine) -> bool:
    return not capture.lines.filter(kind=LineKind.CHARGE).exclude(pk=line.pk).exists()


def _tell(line: SettlementLine, attempt: Attempt, told: Money, now: datetime) -> None:
    """Settle what the line proves: a capture that we asked for, or all that was taken of the attempt."""
    pending = next((each for each in _captures(line) if each.state == CaptureState.PENDING), None)
    if pending is not None and pending.amount_minor == told.amount_minor:
        outcome = CaptureSucceeded(line.psp_reference, told)
        settle_capture(capture_uuid=pending.uuid, outcome=outcome, now=now)
        return
    # Of another payment under the same attempt, this is all.
    is_it = attempt.psp_reference in (None, line.payment_reference)
    taken_before = attempt.captured_minor if is_it else 0
    _approve(line, attempt, Money(taken_before + told.amount_minor, told.currency), now)


def _approve(line: SettlementLine, attempt: Attempt, total: Money, now: datetime) -> None:
    reference = line.payment_reference or attempt.psp_reference or line.psp_reference
    settle_attempt(attempt_uuid=attempt.uuid, outcome=Approved(reference, captured=True, money=total), now=now)


def _in_question(attempt: Attempt, told: Money) -> Accounted:
    """Return what the attempt's own break has of it; without one, nothing is known."""
    breaks = Break.objects.filter(attempt=attempt, kind=BreakKind.AMOUNT_MISMATCH)
    finding = breaks.exclude(resolution=BreakResolution.SUPERSEDED).order_by("-pk").first()
    if finding is None:
        return Accounted(LineState.AMOUNT_MISMATCH, detail=f"Nothing of {told} is in the books.", attempt=attempt)
    return Accounted(LineState.AMOUNT_MISMATCH, explained=told, detail=finding.detail, attempt=attempt, finding=finding)
