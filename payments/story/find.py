"""Whose story somebody looks for, by any id of it. Each look goes by an index."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.db.models import Model, Q, QuerySet

from exactly_once.story_item import StoryHit
from ledger.money import MAX_MINOR, Money
from payments.models import Attempt, BankLine, Break, Capture, Decision, Dispute, PaymentIntent, Payout, Refund, Void

MOST_HITS = 50
CARD_DIGITS = 4


@dataclass(frozen=True, slots=True)
class _Named:
    """A kind of row, by which of its fields it is found, and which intent or payout it leads to."""

    model: type[Model]
    kind: str
    fields: tuple[str, ...]
    intent: str = ""


_BY_TEXT = (
    _Named(PaymentIntent, "payment", ("public_id",)),
    _Named(Attempt, "attempt", ("psp_reference",), "intent"),
    _Named(Capture, "capture", ("public_id", "psp_reference"), "attempt__intent"),
    _Named(Refund, "refund", ("public_id", "psp_reference"), "attempt__intent"),
    _Named(Void, "void", ("public_id",), "attempt__intent"),
    _Named(Dispute, "dispute", ("public_id", "psp_reference"), "attempt__intent"),
    _Named(Decision, "decision", ("public_id",), "attempt__intent"),
    _Named(Break, "break", ("public_id",), "attempt__intent"),
)
_BY_UUID = (
    _Named(Attempt, "attempt", ("uuid",), "intent"),
    _Named(Capture, "capture", ("uuid",), "attempt__intent"),
    _Named(Refund, "refund", ("uuid",), "attempt__intent"),
    _Named(Void, "void", ("uuid",), "attempt__intent"),
)


def find(*, words: str) -> list[StoryHit]:
    """Return the stories of payments and payouts that this is an id, a card's last four digits or a sum of."""
    found = [*_intents_by(_BY_TEXT, words), *_payouts(Q(public_id=words) | Q(psp_reference=words))]
    if (uuid := _uuid(words)) is not None:
        found += _intents_by(_BY_UUID, uuid)
    if len(words) == CARD_DIGITS and words.isascii() and words.isdecimal():
        found += _by_card(words)
    if (sums := list(_sums(words))) and not found:
        found += _payouts(Q(pk__in=_booked(sums)) | Q(amount_minor__in=sums))
    return found


def find_all(*, names: Collection[str]) -> list[StoryHit]:
    """Return the stories that these ids, as a webhook speaks of them, are of."""
    uuids = {uuid for name in names if (uuid := _uuid(name)) is not None}
    return [
        *_intents_by(_BY_TEXT, names, lookup="in"),
        *(_intents_by(_BY_UUID, uuids, lookup="in") if uuids else ()),
        *_payouts(Q(psp_reference__in=names)),
    ]


def _intents_by(named: Collection[_Named], value: Any, *, lookup: str = "exact") -> Iterator[StoryHit]:
    for kind in named:
        for field in kind.fields:
            rows: QuerySet[Any] = kind.model._default_manager.filter(**{f"{field}__{lookup}": value})  # noqa: SLF001 - Django's documented name
            rows = rows.select_related(kind.intent) if kind.intent else rows
            for row in rows.order_by("-pk")[:MOST_HITS]:
                intent = row if not kind.intent else _follow(row, kind.intent)
                if intent is not None:
                    yield _hit(intent, kind.kind)


def _follow(row: Any, path: str) -> PaymentIntent | None:
    for step in path.split("__"):
        row = getattr(row, step, None)
    return row if isinstance(row, PaymentIntent) else None


def _by_card(last4: str) -> Iterator[StoryHit]:
    rows = Attempt.objects.filter(card_last4=last4).exclude(card_last4="").select_related("intent")
    for attempt in rows.order_by("-pk")[:MOST_HITS]:
        yield _hit(attempt.intent, f"card ending in {last4}")


def _payouts(where: Q) -> Iterator[StoryHit]:
    for payout in Payout.objects.filter(where).order_by("-pk")[:MOST_HITS]:
        text = f"{payout.psp} {payout.psp_reference}, {Money(payout.amount_minor, payout.currency)}, {payout.state}"
        yield StoryHit(payout.public_id, "payout", text, payout.created_at)


def _booked(sums: Collection[int]) -> list[int]:
    """Return the payouts that a bank has booked with one of these sums."""
    found = BankLine.objects.filter(amount_minor__in=sums, payout__isnull=False).order_by("-booked_on")
    return list(found.values_list("payout", flat=True)[:MOST_HITS])


def _sums(words: str) -> Iterator[int]:
    """Yield what a sum may be in minor units, by how many places a currency has."""
    try:
        amount = Decimal(words.replace(",", "."))
    except InvalidOperation:
        return
    if not amount.is_finite() or not 0 < amount < MAX_MINOR // 1000:
        return
    for places in (0, 2, 3):
        scaled = amount.scaleb(places)
        if scaled == scaled.to_integral_value():
            yield int(scaled)


def _hit(intent: PaymentIntent, kind: str) -> StoryHit:
    money, at = Money(intent.amount_minor, intent.currency), intent.created_at
    return StoryHit(intent.order_reference, kind, f"{intent.public_id}, {money}, {intent.state}", at)


def _uuid(words: str) -> UUID | None:
    try:
        return UUID(words)
    except ValueError:
        return None
