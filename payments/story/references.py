"""Under which references the ledger has what was posted of a payment: as posting_rules.py and settlement_rules.py say.

The ledger finds a reference by its unique constraint; what was not posted is not found.
"""

from collections.abc import Iterator

from payments.models import Attempt, Break, Dispute, Payout, Refund, SettlementLine


def of_attempt(attempt: Attempt, captures: int) -> Iterator[str]:
    """Yield those of a payment with so many captures."""
    if attempt.psp_reference:
        name = f"{attempt.psp}:{attempt.psp_account}:{attempt.psp_reference}"
        yield from (f"{name}:{effect}" for effect in ("authorized", "captured", "voided", "expired"))
        yield from (f"{name}:captured:{number}" for number in range(2, captures + 1))


def of_refund(refund: Refund) -> Iterator[str]:
    """Yield those of a refund."""
    yield from (f"{refund.public_id}:{effect}" for effect in ("requested", "succeeded", "failed", "canceled"))


def of_dispute(dispute: Dispute) -> Iterator[str]:
    """Yield those of a dispute, of each of its turns, and of each time that goods were not sent on its account."""
    name = f"{dispute.psp}:{dispute.psp_account}:{dispute.psp_reference}"
    yield from (f"{name}:{effect}" for effect in ("opened", "won", "lost", "fee"))
    yield from (f"{name}:{effect}:{turn}" for turn in range(1, dispute.turns + 1) for effect in ("won", "lost"))
    numbers = range(1, dispute.offsets + 1)
    yield from (f"{name}:{effect}:{number}" for number in numbers for effect in ("offset", "offset_undone"))


def of_line(line: SettlementLine) -> Iterator[str]:
    """Yield those of a settlement line."""
    name = f"{line.psp}:{line.psp_account}:{line.line_id}"
    yield from (f"{name}:{effect}" for effect in ("fee", "fee_returned", "converted"))


def of_break(held: Break) -> Iterator[str]:
    """Yield those of a break."""
    yield from (f"{held.public_id}:{effect}" for effect in ("unexplained", "explained", "settled_apart", "paid_back"))


def of_payout(payout: Payout) -> Iterator[str]:
    """Yield those of a payout."""
    name = f"{payout.psp}:{payout.psp_account}:{payout.psp_reference}"
    yield from (f"{name}:{effect}" for effect in ("paid", "returned", "bank_difference"))
