"""The story of an order's payment: its tries, what was taken, held and paid back, and what people decided about it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Model, QuerySet

from exactly_once.story_item import MOST_TOLD, StoryItem, item_of
from ledger.money import Money
from payments.models import Attempt, Capture, Decision, Dispute, PaymentIntent, Refund, Void
from payments.states import IntentState, VoidReason
from payments.story.breaks import break_items, breaks_of
from payments.story.references import of_attempt, of_break, of_dispute, of_line, of_refund
from payments.story.settlement import Settled, line_items, lines_of, settled_of


@dataclass(frozen=True, slots=True)
class PaymentStory:
    """What happened, and by what others know it.

    :param settled: what PSPs have settled of it by now, by currency, and by which payouts.
    :param references: under which the ledger may have postings of it; in ``books``.
    :param named: what webhooks of its ``psps`` call it; ``aggregates``: what our own events are about.
    """

    items: Sequence[StoryItem]
    settled: Sequence[Settled]
    books: frozenset[str]
    references: frozenset[str]
    psps: frozenset[str]
    named: frozenset[str]
    aggregates: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Rows:
    intents: Sequence[PaymentIntent]
    attempts: Sequence[Attempt]
    captures: Sequence[Capture]
    voids: Sequence[Void]
    refunds: Sequence[Refund]
    disputes: Sequence[Dispute]
    decisions: Sequence[Decision]


def payment_story(*, order_reference: str) -> PaymentStory | None:
    """Return the story of an order's payments, in sixteen queries at most; None where it has none."""
    rows = _rows(order_reference)
    if not rows.intents:
        return None
    breaks = breaks_of(attempts=rows.attempts)
    lines = lines_of(captures=rows.captures, refunds=rows.refunds, disputes=rows.disputes, breaks=breaks)
    settled = settled_of(lines)
    references = [
        *(each for attempt in rows.attempts for each in of_attempt(attempt, _captures_of(attempt, rows))),
        *(each for refund in rows.refunds for each in of_refund(refund)),
        *(each for dispute in rows.disputes for each in of_dispute(dispute)),
        *(each for line in lines for each in of_line(line)),
        *(each for held in breaks for each in of_break(held)),
    ]
    items = [*_items(rows), *break_items(breaks), *line_items(lines), *(each for row in settled for each in row.items)]
    return PaymentStory(
        items=items,
        settled=settled,
        books=frozenset(intent.book for intent in rows.intents),
        references=frozenset(references),
        psps=frozenset(attempt.psp for attempt in rows.attempts),
        named=frozenset(_named(rows)),
        aggregates=frozenset(_aggregates(rows)),
    )


def _rows(order_reference: str) -> _Rows:
    named = PaymentIntent.objects.filter(order_reference=order_reference).order_by("pk")
    # Each half has an index of its own.
    canceled = named.filter(state=IntentState.CANCELED)[:MOST_TOLD]
    intents = [*canceled, *named.exclude(state=IntentState.CANCELED)]
    attempts = list(Attempt.objects.filter(intent__in=intents).order_by("pk")[:MOST_TOLD]) if intents else []
    return _Rows(
        intents=intents,
        attempts=attempts,
        captures=_of(Capture.objects.all(), attempts),
        voids=_of(Void.objects.all(), attempts),
        refunds=_of(Refund.objects.all(), attempts),
        disputes=_of(Dispute.objects.all(), attempts),
        decisions=_of(Decision.objects.all(), attempts),
    )


def _of[Row: Model](rows: QuerySet[Row], attempts: Sequence[Attempt]) -> list[Row]:
    return list(rows.filter(attempt__in=attempts).order_by("pk")[:MOST_TOLD]) if attempts else []


def _captures_of(attempt: Attempt, rows: _Rows) -> int:
    return sum(capture.attempt_id == attempt.pk for capture in rows.captures)


def _named(rows: _Rows) -> Iterator[str]:
    ours: list[Attempt | Capture | Refund] = [*rows.attempts, *rows.captures, *rows.refunds]
    theirs: list[Attempt | Capture | Refund | Dispute] = [*ours, *rows.disputes]
    yield from (str(each.uuid) for each in ours)
    yield from (each.psp_reference for each in theirs if each.psp_reference)


def _aggregates(rows: _Rows) -> Iterator[tuple[str, str]]:
    for intent in rows.intents:
        yield "payment_intent", intent.public_id
    for attempt in rows.attempts:
        yield "authorization", str(attempt.uuid)
        yield "surplus", str(attempt.uuid)
    yield from (("capture", each.public_id) for each in rows.captures)
    yield from (("refund", each.public_id) for each in rows.refunds)
    yield from (("dispute", each.public_id) for each in rows.disputes)


def _items(rows: _Rows) -> Iterator[StoryItem]:
    for intent in rows.intents:
        yield item_of(
            intent,
            ("Payment intent", intent.public_id),
            ("Client", intent.client),
            ("For", intent.description),
            at=intent.created_at,
            kind="payment",
            text=f"A payment of {Money(intent.amount_minor, intent.currency)} began",
        )
    for attempt in rows.attempts:
        yield from _attempt(attempt)
    yield from _moved(rows)
    for decision in rows.decisions:
        yield from _decision(decision)


def _attempt(attempt: Attempt) -> Iterator[StoryItem]:
    money, at = Money(attempt.amount_minor, attempt.currency), f"{attempt.psp} {attempt.psp_account}"
    card = f"{attempt.card_brand} ending in {attempt.card_last4}".strip() if attempt.card_last4 else ""
    yield item_of(
        attempt,
        ("Our id at the PSP", attempt.uuid),
        ("Payment at the PSP", attempt.psp_reference),
        ("Card", card),
        ("Token", attempt.token),
        ("Sent there by", attempt.rule),
        ("After another PSP", "yes" if attempt.failed_over_from_id else ""),
        ("Answered", f"in {attempt.answered_in_ms} ms" if attempt.answered_in_ms is not None else ""),
        ("Not reached, or no answer", "yes" if attempt.ask_failed else ""),
        ("Looked up again", f"{attempt.checks} times" if attempt.checks else ""),
        ("Next look at", attempt.next_check_at),
        ("Why it is unknown, or was", attempt.unknown_reason),
        ("Why not", attempt.decline_reason),
        at=attempt.submitted_at,
        kind="attempt",
        text=f"{at} was asked for {money}" + ("" if attempt.captures_at_once else ", to be held"),
    )
    if attempt.authorized_at:
        yield item_of(
            attempt,
            ("Can be captured until", attempt.capture_before),
            at=attempt.authorized_at,
            kind="attempt",
            text=f"{at} holds {money}",
            state="authorized",
        )
    if attempt.settled_at:
        yield item_of(attempt, at=attempt.settled_at, kind="attempt", text=f"{at}: it is known how it ended")


def _moved(rows: _Rows) -> Iterator[StoryItem]:
    for capture in rows.captures:
        text = f"capture {capture.number} of {Money(capture.amount_minor, capture.currency)}"
        yield from _asked_and_done("capture", text, capture, sent_at=capture.sent_at)
    for void in rows.voids:
        why = "nobody came back to pay" if void.reason == VoidReason.ABANDONED else "no longer wanted"
        yield from _asked_and_done("void", f"the hold was to be let go of: {why}", void)
    for refund in rows.refunds:
        text = f"refund of {Money(refund.amount_minor, refund.currency)} ({refund.reason})"
        yield from _asked_and_done("refund", text, refund, sent_at=refund.sent_at)
    for dispute in rows.disputes:
        yield item_of(
            dispute,
            ("Dispute", dispute.public_id),
            ("At the PSP", dispute.psp_reference),
            ("Reason", dispute.reason),
            ("Evidence is due at", dispute.evidence_due_at),
            ("Fee", Money(dispute.fee_minor, dispute.currency) if dispute.fee_minor else ""),
            ("Stands so since", dispute.updated_at),
            at=dispute.created_at,
            kind="dispute",
            text=f"The buyer's bank wants {Money(dispute.amount_minor, dispute.currency)} back",
        )


def _asked_and_done(
    kind: str, text: str, row: Capture | Void | Refund, *, sent_at: datetime | None = None
) -> Iterator[StoryItem]:
    """Tell when it was asked for, and when it came to its end, which is often the same moment."""
    told = (
        ("Id", row.public_id),
        ("Our id at the PSP", row.uuid),
        ("At the PSP", getattr(row, "psp_reference", None)),
        ("Sent to the PSP at", sent_at),
        ("Looked up again", f"{checks} times" if (checks := getattr(row, "checks", 0)) else ""),
        ("Why not", row.failure_reason),
    )
    if row.settled_at == row.created_at:
        yield item_of(row, *told, at=row.created_at, kind=kind, text=f"{text[0].upper()}{text[1:]}")
        return
    state = "pending" if row.settled_at else row.state
    yield item_of(row, *told, at=row.created_at, kind=kind, text=f"Asked: {text}", state=state)
    if row.settled_at:
        yield item_of(row, at=row.settled_at, kind=kind, text=f"Ended: {text}")


def _decision(decision: Decision) -> Iterator[StoryItem]:
    told = (("Reason", decision.reason), ("What shows it", decision.evidence))
    text = f"{decision.proposed_by} proposed that it is {decision.outcome}"
    yield item_of(decision, *told, at=decision.proposed_at, kind="decision", text=text)
    if decision.closed_at:
        text = f"{decision.closed_by or 'What the PSP told'} ended that proposal"
        yield item_of(decision, ("Note", decision.note), at=decision.closed_at, kind="decision", text=text)
