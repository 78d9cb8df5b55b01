"""The story of a payout: its orders, line by line, and when the bank had it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from exactly_once.story_item import StoryItem
from ledger.money import Money
from payments.models import BankLine, Payout, SettlementLine
from payments.payout_lines import PayoutLines, payout_lines
from payments.story.breaks import break_items, breaks_of
from payments.story.references import of_break, of_line, of_payout
from payments.story.settlement import OF_PAYOUTS, bank_items, line_items, payout_items

# A page of more would not help; the list of lines has all.
MOST_PARTS = 500


@dataclass(frozen=True, slots=True)
class PayoutPart:
    """A line that goes out by the payout; ``order_reference`` is empty where it is about no order."""

    line_pk: int
    kind: str
    state: str
    order_reference: str
    psp_reference: str
    gross: Money
    fee: Money
    net: Money


@dataclass(frozen=True, slots=True)
class PayoutStory:
    """A payout; ``parts`` are its first lines, ``sums`` those of all. The rest is as a payment's story has it."""

    pk: int
    public_id: str
    psp_reference: str
    money: Money
    state: str
    items: Sequence[StoryItem]
    parts: Sequence[PayoutPart]
    sums: PayoutLines | None
    books: frozenset[str]
    references: frozenset[str]
    psps: frozenset[str]
    named: frozenset[str]
    aggregates: frozenset[tuple[str, str]]


def payout_story(*, payout_id: str) -> PayoutStory | None:
    """Return a payout's story, in ten queries at most; None where there is no such payout."""
    payout = Payout.objects.filter(public_id=payout_id).first()
    if payout is None:
        return None
    booked = list(BankLine.objects.filter(payout=payout).order_by("booked_on", "pk"))
    breaks = breaks_of(payout=payout)
    own = list(SettlementLine.objects.filter(payout=payout, kind__in=OF_PAYOUTS).order_by("occurred_at", "pk"))
    references = [
        *of_payout(payout),
        *(each for line in own for each in of_line(line)),
        *(each for held in breaks for each in of_break(held)),
    ]
    return PayoutStory(
        pk=payout.pk,
        public_id=payout.public_id,
        psp_reference=payout.psp_reference,
        money=Money(payout.amount_minor, payout.currency),
        state=payout.state,
        items=[*payout_items(payout), *line_items(own), *bank_items(booked), *break_items(breaks)],
        parts=list(_parts(payout)),
        sums=payout_lines(payout=payout),
        books=frozenset({payout.book}),
        references=frozenset(references),
        psps=frozenset({payout.psp}),
        named=frozenset({payout.psp_reference}),
        aggregates=frozenset({("payout", payout.public_id)}),
    )


def _parts(payout: Payout) -> Iterator[PayoutPart]:
    by = {"psp": payout.psp, "psp_account": payout.psp_account, "payout_reference": payout.psp_reference}
    lines = SettlementLine.objects.filter(**by).exclude(kind__in=OF_PAYOUTS).exclude(payout_reference="")
    about = ("capture__attempt__intent", "refund__attempt__intent", "dispute__attempt__intent")
    for line in lines.select_related(*about, "finding__attempt__intent").order_by("occurred_at", "pk")[:MOST_PARTS]:
        yield PayoutPart(
            line_pk=line.pk,
            kind=line.kind.replace("_", " "),
            state=line.state,
            order_reference=_order_of(line),
            psp_reference=line.payment_reference or line.psp_reference,
            gross=Money(line.gross_minor, line.currency),
            fee=Money(line.fee_minor, line.currency),
            net=Money(line.net_minor, line.currency),
        )


def _order_of(line: SettlementLine) -> str:
    about = line.capture or line.refund or line.dispute or line.finding
    attempt = about.attempt if about else None
    return attempt.intent.order_reference if attempt else ""
