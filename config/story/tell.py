"""A story put together from what each package knows: one time line, in which one commit is one moment."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from django.urls import reverse

from checkout import notify
from checkout.story import OrderStory, order_names, order_story
from exactly_once import story as exactly_once
from exactly_once.story_item import StoryItem, facts
from ledger.story import Posting, postings
from ledger.t_accounts import TAccount, t_accounts
from payments.story.payment import PaymentStory, payment_story
from payments.story.payout import PayoutPart, PayoutStory, payout_story

# What happened in one commit, in the order in which one thing leads to another.
_ORDER = (
    *("cart", "session", "request", "webhook", "payment", "attempt", "capture", "void", "refund", "dispute"),
    *("decision", "break", "settlement", "payout", "bank line", "stock", "order", "shipment", "cancellation", "return"),
    *("ledger", "event", "mail", "handler", "outgoing webhook"),
)
_MAILS = {name for name, _ in notify.SUBSCRIBERS.values()}


@dataclass(frozen=True, slots=True)
class Told:
    """An item, where more of it is shown, and the accounts that it moved."""

    item: StoryItem
    href: str
    accounts: Sequence[TAccount] = ()


@dataclass(frozen=True, slots=True)
class Moment:
    """What happened at one time, which is one commit where it is of one process."""

    at: datetime
    told: Sequence[Told]


@dataclass(frozen=True, slots=True)
class Story:
    """A whole story; ``order``, ``payment``, ``payout`` where it has them. ``accounts`` are those of all postings.

    :param parts: a payout's lines, each with the name of its order.
    """

    reference: str
    title: str
    moments: Sequence[Moment]
    accounts: Sequence[TAccount]
    order: OrderStory | None = None
    payment: PaymentStory | None = None
    payout: PayoutStory | None = None
    parts: Sequence[tuple[PayoutPart, str]] = ()


def tell(*, reference: str) -> Story | None:
    """Return the story of an order's reference, or of a payout's id; None where there is neither."""
    order, payment = order_story(session_id=reference), payment_story(order_reference=reference)
    if order is None and payment is None:
        payout = payout_story(payout_id=reference)
        return None if payout is None else _of_payout(payout)
    posted = postings(
        books={*({order.book} if order else ()), *(payment.books if payment else ())},
        references={*(order.references if order else ()), *(payment.references if payment else ())},
    )
    messages = exactly_once.story(
        told=exactly_once.Told(
            sources=payment.psps if payment else (),
            named=payment.named if payment else (),
            aggregates={*(order.aggregates if order else ()), *(payment.aggregates if payment else ())},
            subjects={reference},
        )
    )
    items = [*(order.items if order else ()), *(payment.items if payment else ()), *messages]
    return Story(
        reference=reference,
        title=order.title if order else f"Payment {reference}",
        moments=list(_moments([*_linked(items), *_posted(posted)])),
        accounts=_all_accounts(posted),
        order=order,
        payment=payment,
    )


def _of_payout(payout: PayoutStory) -> Story:
    posted = postings(books=payout.books, references=payout.references)
    told = exactly_once.Told(payout.psps, payout.named, payout.aggregates, ())
    items = [*payout.items, *exactly_once.story(told=told)]
    names = order_names(session_ids={part.order_reference for part in payout.parts})
    return Story(
        reference=payout.public_id,
        title=f"Payout {payout.psp_reference}",
        moments=list(_moments([*_linked(items), *_posted(posted)])),
        accounts=_all_accounts(posted),
        payout=payout,
        parts=[(part, names.get(part.order_reference, part.order_reference)) for part in payout.parts],
    )


def _linked(items: Iterable[StoryItem]) -> Iterator[Told]:
    for item in items:
        kind, _, handler = item.kind.partition(":")
        if handler in _MAILS:
            kind = "mail"
        model, key = item.link or ("", "")
        yield Told(replace(item, kind=kind), reverse(f"admin:{model}_change", args=[key]) if model else "")


def _posted(found: Iterable[Posting]) -> Iterator[Told]:
    for posting in found:
        item = StoryItem(
            at=posting.effective_at,
            kind="ledger",
            text=f"Posted: {posting.description or posting.kind}",
            facts=facts(("Transaction", posting.public_id), ("Kind", posting.kind), ("Reference", posting.reference)),
        )
        yield Told(item, reverse("admin:ledger_transaction_change", args=[posting.pk]), posting.accounts)


def _all_accounts(found: Iterable[Posting]) -> list[TAccount]:
    return sorted(
        t_accounts(line for posting in found for line in posting.lines),
        key=lambda account: (account.currency, account.account),
    )


def _moments(told: Iterable[Told]) -> Iterator[Moment]:
    ranks = {kind: rank for rank, kind in enumerate(_ORDER)}
    ordered = sorted(told, key=lambda each: (each.item.at, ranks[each.item.kind]))
    for at, group in groupby(ordered, key=lambda each: each.item.at):
        yield Moment(at, list(group))
