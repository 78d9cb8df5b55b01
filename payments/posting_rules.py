"""Where the money of a payment goes: each event as a ledger draft. Pure functions.

A reference names the business event (PSP, account, object, effect): however often news of it comes, under however
many event ids, it posts once. What PSPs settle is in settlement_rules.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ledger.drafts import EntryDraft, HoldTerms, Resolves, TransactionDraft, credit, debit
from ledger.money import Money
from payments.chart import (
    CHARGEBACKS,
    DISPUTE_FEES,
    ORDERS,
    REFUNDED_SALES,
    REFUNDS,
    SALES,
    SHIPPING,
    disputed,
    receivable,
    tax,
)
from payments.states import RefundState


@dataclass(frozen=True, slots=True)
class Payment:
    """Which payment at which PSP account, for which order."""

    psp: str
    account: str
    psp_reference: str
    order_reference: str

    def event(self, effect: str) -> str:
        """Return the permanent name of what happened to it."""
        return f"{self.psp}:{self.account}:{self.psp_reference}:{effect}"

    @property
    def metadata(self) -> dict[str, str]:
        """Return what an accountant looks for."""
        return {"order_reference": self.order_reference, "psp_reference": self.psp_reference}


def authorized(*, payment: Payment, money: Money, now: datetime) -> TransactionDraft:
    """Hold what the PSP holds: promised on both sides, on neither balance yet."""
    return TransactionDraft(
        reference=payment.event("authorized"),
        kind="payment.authorized",
        entries=(debit(receivable(payment.psp), money, "pending"), credit(ORDERS, money, "pending")),
        effective_at=now,
        description=f"Authorised for {payment.order_reference}",
        metadata=payment.metadata,
        link=HoldTerms(),
    )


def captured(
    *, payment: Payment, number: int, money: Money, released: Money | None, final: bool, now: datetime
) -> TransactionDraft:
    """Post that the PSP has taken the buyer's money: it owes it to us, and we owe the goods.

    :param number: which capture of the payment this is, from 1.
    :param released: what this takes off the hold: the money itself or, with ``final``, all that is left of it. None
        where nothing was held.
    """
    entries = [debit(receivable(payment.psp), money), credit(ORDERS, money)]
    if released is not None:
        entries += _released(payment.psp, released)
    effect = "captured" if number == 1 else f"captured:{number}"
    return TransactionDraft(
        reference=payment.event(effect),
        kind="payment.captured",
        entries=tuple(entries),
        effective_at=now,
        description=f"Captured for {payment.order_reference}",
        metadata=payment.metadata,
        link=None if released is None else Resolves(payment.event("authorized"), "settle", final),
    )


def captured_in_surplus(*, payment: Payment, money: Money, now: datetime) -> TransactionDraft:
    """Post that the PSP has taken money that nobody owed us: we owe it to the buyer from the start."""
    return TransactionDraft(
        reference=payment.event("captured"),
        kind="payment.captured",
        entries=(debit(receivable(payment.psp), money), credit(REFUNDS, money)),
        effective_at=now,
        description=f"Captured in surplus for {payment.order_reference}",
        metadata=payment.metadata,
    )


def let_go(*, payment: Payment, left: Money, expired: bool, now: datetime) -> TransactionDraft:
    """End a hold of which ``left`` is left: voided, or expired."""
    return TransactionDraft(
        reference=payment.event("expired" if expired else "voided"),
        kind="payment.expired" if expired else "payment.voided",
        entries=tuple(_released(payment.psp, left)),
        effective_at=now,
        description=f"Let go of for {payment.order_reference}",
        metadata=payment.metadata,
        link=Resolves(payment.event("authorized"), "void", final=True),
    )


@dataclass(frozen=True, slots=True)
class Sale:
    """What part of a sum is goods, shipping, and tax by jurisdiction. All in one currency."""

    goods: Money
    shipping: Money
    taxes: Sequence[tuple[str, Money]] = ()

    @property
    def total(self) -> Money:
        """Return the sum of all parts."""
        parts = (self.goods, self.shipping, *(money for _, money in self.taxes))
        return Money(sum(part.amount_minor for part in parts), self.goods.currency)


def shipped(*, shipment_id: str, sale: Sale, order_reference: str, now: datetime) -> TransactionDraft:
    """Post that goods have left: what we owed in goods is earned, and the tax on it owed."""
    parts = [(SALES, sale.goods), (SHIPPING, sale.shipping), *((tax(where), money) for where, money in sale.taxes)]
    earned = tuple(credit(account, money) for account, money in parts if money.amount_minor)
    return TransactionDraft(
        reference=f"{shipment_id}:shipped",
        kind="order.shipped",
        entries=(debit(ORDERS, sale.total), *earned),
        effective_at=now,
        description=f"Shipped for {order_reference}",
        metadata={"order_reference": order_reference, "shipment": shipment_id},
    )


def refund_requested(
    *, refund_id: str, money: Money, earned: Sale | None = None, order_reference: str, now: datetime
) -> TransactionDraft:
    """Post that we have promised the money back: what we owed in goods we now owe in money.

    :param earned: how much of the money had been earned by shipping: it is less revenue, and less tax owed.
    """
    debits = tuple(debit(account, part) for account, part in _comes_off(money, earned))
    return TransactionDraft(
        reference=f"{refund_id}:requested",
        kind="refund.requested",
        entries=(*debits, credit(REFUNDS, money)),
        effective_at=now,
        description=f"Refund promised for {order_reference}",
        metadata={"order_reference": order_reference, "refund": refund_id},
    )


def refund_succeeded(
    *, psp: str, refund_id: str, psp_reference: str, money: Money, order_reference: str, now: datetime
) -> TransactionDraft:
    """Post that the PSP has paid the buyer back, out of what it owes us."""
    return TransactionDraft(
        reference=f"{refund_id}:succeeded",
        kind="refund.succeeded",
        entries=(debit(REFUNDS, money), credit(receivable(psp), money)),
        effective_at=now,
        description=f"Refunded for {order_reference}",
        metadata={"order_reference": order_reference, "refund": refund_id, "psp_reference": psp_reference},
    )


def refund_undone(
    *,
    psp: str,
    refund_id: str,
    state: RefundState,
    was_paid: bool,
    money: Money,
    earned: Sale | None = None,
    order_reference: str,
    now: datetime,
) -> TransactionDraft:
    """Post that the refund came to nothing: we owe the goods (or another refund) again, or have earned them again.

    :param state: ``failed`` or ``canceled``.
    :param was_paid: the PSP had paid it out before the money came back, so the PSP owes it to us again.
    :param earned: as when it was requested.
    """
    owed_again = tuple(credit(account, part) for account, part in _comes_off(money, earned))
    return TransactionDraft(
        reference=f"{refund_id}:{state}",
        kind=f"refund.{state}",
        entries=(debit(receivable(psp) if was_paid else REFUNDS, money), *owed_again),
        effective_at=now,
        description=f"Refund {state} for {order_reference}",
        metadata={"order_reference": order_reference, "refund": refund_id},
    )


@dataclass(frozen=True, slots=True)
class Dispute:
    """Which dispute at which PSP account, about which order."""

    psp: str
    account: str
    psp_reference: str
    order_reference: str

    def draft(self, effect: str, entries: tuple[EntryDraft, ...], now: datetime) -> TransactionDraft:
        """Return a posting about it."""
        return TransactionDraft(
            reference=f"{self.psp}:{self.account}:{self.psp_reference}:{effect}",
            kind=f"dispute.{effect.split(':', maxsplit=1)[0]}",
            entries=entries,
            effective_at=now,
            description=f"Dispute about {self.order_reference}",
            metadata={"order_reference": self.order_reference, "dispute": self.psp_reference},
        )


def dispute_opened(*, dispute: Dispute, money: Money, now: datetime) -> TransactionDraft:
    """Post that the PSP keeps the money back until the buyer's bank has decided."""
    entries = (debit(disputed(dispute.psp), money), credit(receivable(dispute.psp), money))
    return dispute.draft("opened", entries, now)


def dispute_won(*, dispute: Dispute, money: Money, turn: int, now: datetime) -> TransactionDraft:
    """Post that the PSP owes us the money again; after a ``turn`` (from 1): it had been written off."""
    kept = CHARGEBACKS if turn else disputed(dispute.psp)
    effect = f"won:{turn}" if turn else "won"
    return dispute.draft(effect, (debit(receivable(dispute.psp), money), credit(kept, money)), now)


def dispute_lost(*, dispute: Dispute, money: Money, turn: int, now: datetime) -> TransactionDraft:
    """Post that the buyer keeps the money; after a ``turn`` (from 1): it had been given back to us."""
    kept = receivable(dispute.psp) if turn else disputed(dispute.psp)
    effect = f"lost:{turn}" if turn else "lost"
    return dispute.draft(effect, (debit(CHARGEBACKS, money), credit(kept, money)), now)


def dispute_offset(*, dispute: Dispute, money: Money, number: int, now: datetime) -> TransactionDraft:
    """Post that goods are not sent whose money the bank has kept: we owe them no longer, and that much is no loss."""
    return dispute.draft(f"offset:{number}", (debit(ORDERS, money), credit(CHARGEBACKS, money)), now)


def dispute_offset_undone(*, dispute: Dispute, money: Money, number: int, now: datetime) -> TransactionDraft:
    """Post that the dispute has turned: the money of goods that are not sent is ours to pay back."""
    return dispute.draft(f"offset_undone:{number}", (debit(CHARGEBACKS, money), credit(ORDERS, money)), now)


def dispute_fee(*, dispute: Dispute, money: Money, now: datetime) -> TransactionDraft:
    """Post what the PSP charges for a dispute."""
    return dispute.draft("fee", (debit(DISPUTE_FEES, money), credit(receivable(dispute.psp), money)), now)


def _comes_off(money: Money, earned: Sale | None) -> list[tuple[str, Money]]:
    """Return what a refund of this money takes from which account: what was earned, and the rest of what is owed."""
    if earned is None:
        return [(ORDERS, money)]
    parts = [(ORDERS, money - earned.total), (REFUNDED_SALES, earned.goods + earned.shipping)]
    parts += [(tax(where), part) for where, part in earned.taxes]
    return [(account, part) for account, part in parts if part.amount_minor]


def _released(psp: str, money: Money) -> list[EntryDraft]:
    return [debit(receivable(psp), money, "released"), credit(ORDERS, money, "released")]
