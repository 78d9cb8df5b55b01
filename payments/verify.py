"""What must always be true of payments; ``manage.py verify`` asks."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Exists, F, OuterRef, Q, Sum
from django.db.models.functions import Coalesce

from exactly_once.verification import CheckResult
from ledger import queries as ledger
from payments import verify_lines
from payments.chart import CHARGEBACKS, DISPUTE_FEES, REFUNDS, WRITE_OFFS, disputed, fees, receivable, suspense
from payments.models import Attempt, Break, BreakRefund, Capture, Decision, Dispute, IntentPart, PaymentIntent, Refund
from payments.owed import owed, written_off
from payments.states import (
    OPEN_REFUND_STATES,
    PENDING_ATTEMPT_STATES,
    UNPAID_REFUND_STATES,
    AttemptState,
    BreakState,
    CaptureState,
    DecisionState,
    DisputeState,
    IntentState,
)

# Longer than any PSP leaves a card payment open; past it a person has to look.
UNKNOWN_LIMIT = timedelta(hours=24)

# Banks decide about a refund within days; a buyer who waits for longer is owed an answer by a person.
REFUND_LIMIT = timedelta(days=5)


def checks(*, now: datetime) -> Iterator[CheckResult]:
    """Run every check of this package, as of ``now``."""
    yield _captures_are_posted()
    yield _captures_add_up()
    yield _one_success_per_intent()
    yield _refunds_add_up()
    yield _parts_add_up()
    yield _shares_add_up()
    yield _receivables_match()
    yield _suspense_is_what_breaks_say()
    yield _breaks_tell_their_history()
    yield _decisions_are_of_two_people()
    yield _disputes_add_up()
    yield _surplus_goes_back()
    yield _nothing_unknown_for_too_long(now)
    yield _nobody_waits_for_a_refund(now)
    yield _no_break_is_overdue(now)
    yield from verify_lines.checks(now=now)


def _captures_are_posted() -> CheckResult:
    """Compare captures with capture postings: a bijection on the PSP's id and the capture's number."""
    rows = Capture.objects.filter(state=CaptureState.SUCCEEDED).values_list(
        "attempt__psp", "attempt__psp_account", "attempt__psp_reference", "number"
    )
    captured = {
        f"{psp}:{account}:{reference}:captured" + (f":{number}" if number > 1 else "")
        for psp, account, reference, number in rows
    }
    posted = set(ledger.references(kind="payment.captured", books=_books()))
    return CheckResult.of(
        "payments: every capture is posted once, and nothing else", len(captured), sorted(captured ^ posted)
    )


def _books() -> set[str]:
    """Return the books of payments. Clients have others, and call what they post there as they like."""
    return {*settings.LEDGER_KEPT_BOOKS, *PaymentIntent.objects.values_list("book", flat=True)}


def _captures_add_up() -> CheckResult:
    taken = Sum("captures__amount_minor", filter=Q(captures__state=CaptureState.SUCCEEDED))
    attempts = Attempt.objects.annotate(taken=Coalesce(taken, 0))
    wrong = attempts.exclude(captured_minor=F("taken"))
    return CheckResult.of(
        "payments: an attempt's captures add up to what was captured",
        attempts.count(),
        [str(uuid) for uuid in wrong.values_list("uuid", flat=True)],
    )


def _one_success_per_intent() -> CheckResult:
    intents = PaymentIntent.objects.annotate(
        successes=Count("attempts", filter=Q(attempts__state=AttemptState.CAPTURED))
    )
    wrong = intents.exclude(successes=1).filter(state=IntentState.SUCCEEDED) | intents.filter(successes__gt=1)
    return CheckResult.of(
        "payments: a succeeded intent has exactly one capture",
        intents.count(),
        list(wrong.values_list("public_id", flat=True)),
    )


def _refunds_add_up() -> CheckResult:
    live = Sum("refunds__amount_minor", filter=~Q(refunds__state__in=UNPAID_REFUND_STATES))
    attempts = Attempt.objects.annotate(live=Coalesce(live, 0))
    wrong = attempts.exclude(refunded_minor=F("live")) | attempts.filter(live__gt=F("captured_minor"))
    return CheckResult.of(
        "payments: refunds <= captured <= asked, and their sums agree",
        attempts.count(),
        [str(uuid) for uuid in wrong.values_list("uuid", flat=True)],
    )


def _parts_add_up() -> CheckResult:
    intents = PaymentIntent.objects.annotate(total=Sum("parts__amount_minor")).filter(total__isnull=False)
    wrong = intents.exclude(total=F("amount_minor"))
    return CheckResult.of(
        "payments: what a payment is for adds up to it",
        intents.count(),
        list(wrong.values_list("public_id", flat=True)),
    )


def _shares_add_up() -> CheckResult:
    """Compare refunds with their shares, and the shares in each part with the part."""
    itemised = Exists(IntentPart.objects.filter(intent=OuterRef("attempt__intent")))
    refunds = Refund.objects.filter(itemised).exclude(attempt__state=AttemptState.SURPLUS)
    wrong = refunds.annotate(total=Coalesce(Sum("shares__amount_minor"), 0)).exclude(total=F("amount_minor"))
    live = Sum("shares__amount_minor", filter=~Q(shares__refund__state__in=UNPAID_REFUND_STATES))
    beyond = IntentPart.objects.annotate(back=live).filter(back__gt=F("amount_minor"))
    return CheckResult.of(
        "payments: refunds add up part by part, and no part is paid back twice",
        refunds.count(),
        [*wrong.values_list("public_id", flat=True), *beyond.values_list("intent__public_id", flat=True)],
    )


def _disputes_add_up() -> CheckResult:
    attempts = Attempt.objects.annotate(taken=Coalesce(Sum("disputes__withdrawn_minor"), 0))
    wrong = attempts.exclude(disputed_minor=F("taken"))
    return CheckResult.of(
        "payments: an attempt's disputes add up to what buyers' banks took",
        Dispute.objects.count(),
        [str(uuid) for uuid in wrong.values_list("uuid", flat=True)],
    )


def _surplus_goes_back() -> CheckResult:
    surplus = Attempt.objects.filter(state=AttemptState.SURPLUS)
    kept = surplus.filter(refunded_minor__lt=F("captured_minor"))
    return CheckResult.of(
        "payments: what came in surplus goes back",
        surplus.count(),
        [str(uuid) for uuid in kept.values_list("uuid", flat=True)],
    )


def _receivables_match() -> CheckResult:
    """Compare what the ledger says that each PSP owes us, and has cost us, with what payments and settlement say."""
    expected: Counter[tuple[str, str, str]] = Counter()
    for (book, psp, currency), sums in owed().items():
        expected[book, receivable(psp), currency] = sums.total_minor
        if sums.captured_minor:
            expected[book, REFUNDS, currency] = 0
        if sums.fees_minor:
            expected[book, fees(psp), currency] = sums.fees_minor
        if sums.dispute_fees_minor:
            expected[book, DISPUTE_FEES, currency] += sums.dispute_fees_minor
    for dispute in Dispute.objects.select_related("attempt__intent"):
        kept = CHARGEBACKS if dispute.state == DisputeState.LOST else disputed(dispute.psp)
        lost_minor = dispute.withdrawn_minor - dispute.offset_minor
        expected[dispute.attempt.intent.book, kept, dispute.currency] += lost_minor
    pending = Refund.objects.filter(state__in=OPEN_REFUND_STATES).values_list("attempt__intent__book", "currency")
    for book, currency, total in pending.annotate(total=Sum("amount_minor")).order_by():
        expected[book, REFUNDS, currency] = total
    for (book, currency), total in written_off().items():
        expected[book, WRITE_OFFS, currency] = total
    wrong = [
        f"{code} {currency}: ledger {booked}, payments {total}"
        for (book, code, currency), total in expected.items()
        if (booked := ledger.balance(book=book, account=code, currency=currency).balance.amount_minor) != total
    ]
    return CheckResult.of("payments: receivables and refunds owed equal the ledger's", len(expected), wrong)


def _in_suspense() -> dict[tuple[str, str, str], int]:
    """Return by book, PSP and currency how much more the PSP owes us by open breaks, wherever there was ever one."""
    still = Q(state=BreakState.OPEN)
    sums = (
        Break.objects.filter(in_suspense=True)
        .values_list("book", "psp", "currency")
        .annotate(
            more=Coalesce(Sum("amount_minor", filter=still & Q(received=True)), 0),
            less=Coalesce(Sum("amount_minor", filter=still & Q(received=False)), 0),
        )
    )
    return {(book, psp, currency): more - less for book, psp, currency, more, less in sums.order_by()}


def _suspense_is_what_breaks_say() -> CheckResult:
    """Compare every suspense account with the open breaks: one that has none is to be empty."""
    expected = {(book, suspense(psp), currency): -total for (book, psp, currency), total in _in_suspense().items()}
    booked = {
        (account.book.code, account.code, account.currency): ledger.balance_of(account).balance.amount_minor
        for account in ledger.accounts().filter(code__startswith=suspense(""), book__code__in=_books())
    }
    wrong = [
        f"{code} {currency}: ledger {booked.get(key, 0)}, breaks {expected.get(key, 0)}"
        for key in sorted(expected.keys() | booked.keys())
        for _, code, currency in (key,)
        if booked.get(key, 0) != expected.get(key, 0)
    ]
    return CheckResult.of("payments: what stands in suspense is what open breaks say", len(booked), wrong)


def _breaks_tell_their_history() -> CheckResult:
    breaks = Break.objects.annotate(
        opened=Count("history", filter=Q(history__what="opened")),
        ended=Count("history", filter=Q(history__what=F("resolution"))),
    )
    told = Q(opened=1, ended=0, state=BreakState.OPEN) | Q(opened=1, ended=1, state=BreakState.RESOLVED)
    return CheckResult.of(
        "payments: every break's history says that it was opened, and how it was resolved",
        breaks.count(),
        list(breaks.exclude(told).values_list("public_id", flat=True)),
    )


def _decisions_are_of_two_people() -> CheckResult:
    """Look for who decided alone, and for what is still proposed about an attempt that evidence has ended."""
    decisions = Decision.objects.select_related("attempt")
    signed = Q(state__in=[DecisionState.APPLIED, DecisionState.REJECTED])
    alone = signed & (Q(closed_by=F("proposed_by")) | Q(closed_by=""))
    pointless = Q(state=DecisionState.PROPOSED) & ~Q(attempt__state=AttemptState.UNKNOWN)
    return CheckResult.of(
        "payments: every decision is signed by two people, and what is proposed is about what is unknown",
        decisions.count(),
        list(decisions.filter(alone | pointless).values_list("public_id", flat=True)),
    )


def _nothing_unknown_for_too_long(now: datetime) -> CheckResult:
    unknown = Attempt.objects.filter(state__in=PENDING_ATTEMPT_STATES)
    late = unknown.filter(submitted_at__lt=now - UNKNOWN_LIMIT)
    return CheckResult.of(
        f"payments: no outcome unknown for more than {UNKNOWN_LIMIT.total_seconds() / 3600:.0f} h",
        unknown.count(),
        [str(uuid) for uuid in late.values_list("uuid", flat=True)],
    )


def _nobody_waits_for_a_refund(now: datetime) -> CheckResult:
    waiting = Refund.objects.filter(state__in=OPEN_REFUND_STATES).values_list("public_id", "created_at")
    of_breaks = BreakRefund.objects.filter(state__in=OPEN_REFUND_STATES).values_list("public_id", "created_at")
    both = waiting.union(of_breaks)
    return CheckResult.of(
        f"payments: no refund open for more than {REFUND_LIMIT.days} days",
        len(both),
        [public_id for public_id, created_at in both if created_at < now - REFUND_LIMIT],
    )


def _no_break_is_overdue(now: datetime) -> CheckResult:
    unresolved = Break.objects.filter(state=BreakState.OPEN)
    return CheckResult.of(
        "payments: no break is open past its due time",
        unresolved.count(),
        list(unresolved.filter(due_at__lt=now).values_list("public_id", flat=True)),
    )
