"""Where the money goes: each payment event as a ledger draft. Pure functions.

A reference names the business event (PSP, account, object, effect): however often news of it comes, under however
many event ids, it posts once.
"""

from datetime import datetime

from ledger.drafts import TransactionDraft, credit, debit
from ledger.money import Money
from payments.chart import ORDERS, REFUNDS, receivable


def captured(
    *, psp: str, account: str, psp_reference: str, money: Money, order_reference: str, now: datetime
) -> TransactionDraft:
    """Post that the PSP has taken the buyer's money: it owes it to us, and we owe the goods."""
    return TransactionDraft(
        reference=f"{psp}:{account}:{psp_reference}:captured",
        kind="payment.captured",
        entries=(debit(receivable(psp), money), credit(ORDERS, money)),
        effective_at=now,
        description=f"Captured for {order_reference}",
        metadata={"order_reference": order_reference, "psp_reference": psp_reference},
    )


def refund_requested(*, refund_id: str, money: Money, order_reference: str, now: datetime) -> TransactionDraft:
    """Post that we have promised the money back: what we owed in goods we now owe in money."""
    return TransactionDraft(
        reference=f"{refund_id}:requested",
        kind="refund.requested",
        entries=(debit(ORDERS, money), credit(REFUNDS, money)),
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


def refund_failed(
    *, psp: str, refund_id: str, was_paid: bool, money: Money, order_reference: str, now: datetime
) -> TransactionDraft:
    """Post that the refund came to nothing: we owe the goods (or another refund) again.

    :param was_paid: the PSP had paid it out before the buyer's bank sent it back, so the PSP owes it to us again.
    """
    return TransactionDraft(
        reference=f"{refund_id}:failed",
        kind="refund.failed",
        entries=(debit(receivable(psp) if was_paid else REFUNDS, money), credit(ORDERS, money)),
        effective_at=now,
        description=f"Refund failed for {order_reference}",
        metadata={"order_reference": order_reference, "refund": refund_id},
    )
