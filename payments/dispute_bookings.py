"""What disputes post to the ledger: each step under a reference of its own."""

from datetime import datetime

from django_subatomic.db import transaction_required

from ledger import journal
from ledger.drafts import TransactionDraft
from ledger.money import Money
from payments import posting_rules
from payments.models import Dispute
from payments.states import DisputeState


@transaction_required
def book_opened(*, dispute: Dispute, now: datetime) -> None:
    """Post that the PSP keeps the money back."""
    _post(dispute, posting_rules.dispute_opened(dispute=_named(dispute), money=_money(dispute), now=now))


@transaction_required
def book_decided(*, dispute: Dispute, turn: int, now: datetime) -> None:
    """Post how the bank has decided, if it has; with a ``turn``: otherwise than before."""
    decided = {DisputeState.WON: posting_rules.dispute_won, DisputeState.LOST: posting_rules.dispute_lost}
    rule = decided.get(DisputeState(dispute.state))
    if rule is not None:
        _post(dispute, rule(dispute=_named(dispute), money=_money(dispute), turn=turn, now=now))


@transaction_required
def book_fee(*, dispute: Dispute, money: Money, now: datetime) -> None:
    """Post what the PSP charges for the dispute."""
    _post(dispute, posting_rules.dispute_fee(dispute=_named(dispute), money=money, now=now))


@transaction_required
def book_offset(*, dispute: Dispute, minor: int, now: datetime) -> None:
    """Count that so much more of what the bank kept was for goods that nobody sends any more, and post it.

    The dispute is locked. Below zero: it has turned, so that we owe that to the buyer again.
    """
    dispute.offset_minor += minor
    dispute.offsets += 1
    rule = posting_rules.dispute_offset if minor > 0 else posting_rules.dispute_offset_undone
    money = Money(abs(minor), dispute.currency)
    _post(dispute, rule(dispute=_named(dispute), money=money, number=dispute.offsets, now=now))


def _named(dispute: Dispute) -> posting_rules.Dispute:
    return posting_rules.Dispute(
        psp=dispute.psp,
        account=dispute.psp_account,
        psp_reference=dispute.psp_reference,
        order_reference=dispute.attempt.intent.order_reference,
    )


def _money(dispute: Dispute) -> Money:
    return Money(dispute.amount_minor, dispute.currency)


def _post(dispute: Dispute, draft: TransactionDraft) -> None:
    journal.post(book=dispute.attempt.intent.book, drafts=draft)
