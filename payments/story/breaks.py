"""What did not fit about a payment, and what was done about it."""

from collections.abc import Iterator, Sequence

from django.db.models import Prefetch, Q

from exactly_once.story_item import MOST_TOLD, StoryItem, item_of
from ledger.money import Money
from payments.models import Attempt, BankLine, Break, BreakEvent, Payout


def breaks_of(*, attempts: Sequence[Attempt] = (), payout: Payout | None = None) -> list[Break]:
    """Return the breaks about these, with their histories."""
    about = Q(attempt__in=attempts) if payout is None else Q(pk__in=_found_on(payout))
    history = Prefetch("history", BreakEvent.objects.order_by("pk"))
    found = Break.objects.filter(about).order_by("pk").prefetch_related(history)
    return list(found[:MOST_TOLD]) if attempts or payout else []


def _found_on(payout: Payout) -> Sequence[int]:
    found = BankLine.objects.filter(payout=payout, finding__isnull=False).values_list("finding", flat=True)
    own = Break.objects.filter(psp=payout.psp, psp_account=payout.psp_account, psp_reference=payout.psp_reference)
    return [*found, *own.filter(state="open").values_list("pk", flat=True)[:MOST_TOLD]]


def break_items(breaks: Sequence[Break]) -> Iterator[StoryItem]:
    """Yield when each was found, and everything that was done about it."""
    for held in breaks:
        sign = "more" if held.received else "less"
        yield item_of(
            held,
            ("Break", held.public_id),
            ("What", held.detail),
            ("The PSP owes us", f"{sign} by it" if held.amount_minor else ""),
            ("In suspense", "yes" if held.in_suspense else ""),
            ("Who looks into it", held.owner),
            ("How it ended", held.resolution),
            ("Why", held.reason),
            at=held.opened_at,
            kind="break",
            text=f"A break: {held.kind.replace('_', ' ')}, {Money(held.amount_minor, held.currency)}",
        )
        for event in held.history.all():
            text = f"{event.by}: {event.what.replace('_', ' ')} {held.public_id}"
            yield item_of(held, ("Detail", event.detail), at=event.at, kind="break", text=text, state="")
