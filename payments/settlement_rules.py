"""Where the money goes that PSPs settle: fees, payouts, conversions, what nobody can explain. Pure functions."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from ledger.drafts import EntryDraft, TransactionDraft, credit, debit
from ledger.exchange import exchange
from ledger.money import Money
from payments.chart import BANK_FEES, DISPUTE_FEES, bank, fees, receivable, suspense


@dataclass(frozen=True, slots=True)
class SettlementOf:
    """Which line of which PSP account's settlement, and when what it says happened; ``line_id`` is the PSP's own."""

    psp: str
    account: str
    line_id: str
    occurred_at: datetime

    def draft(self, kind: str, entries: tuple[EntryDraft, ...], description: str) -> TransactionDraft:
        """Return a posting about it, dated as the PSP dates it."""
        return TransactionDraft(
            reference=self.event(kind),
            kind=f"settlement.{kind}",
            entries=entries,
            effective_at=self.occurred_at,
            description=description,
            metadata=self.metadata,
        )

    def event(self, kind: str) -> str:
        """Return the permanent name of what the line says."""
        return f"{self.psp}:{self.account}:{self.line_id}:{kind}"

    @property
    def metadata(self) -> dict[str, str]:
        """Return what an accountant looks for."""
        return {"settlement_line": self.line_id}


def fee_taken(*, line: SettlementOf, money: Money, of_dispute: bool = False) -> TransactionDraft:
    """Post what the PSP took for its work, out of what it owes us."""
    entries = (debit(_expense(line, of_dispute=of_dispute), money), credit(receivable(line.psp), money))
    return line.draft("fee", entries, "PSP fee")


def fee_returned(*, line: SettlementOf, money: Money, of_dispute: bool = False) -> TransactionDraft:
    """Post a fee that the PSP gave back."""
    entries = (debit(receivable(line.psp), money), credit(_expense(line, of_dispute=of_dispute), money))
    return line.draft("fee_returned", entries, "PSP fee returned")


def _expense(line: SettlementOf, *, of_dispute: bool) -> str:
    return DISPUTE_FEES if of_dispute else fees(line.psp)


def paid_out(*, psp: str, account: str, payout: str, bank_name: str, money: Money, now: datetime) -> TransactionDraft:
    """Post that what the PSP owed us is in our bank account."""
    return TransactionDraft(
        reference=f"{psp}:{account}:{payout}:paid",
        kind="payout.paid",
        entries=(debit(bank(bank_name), money), credit(receivable(psp), money)),
        effective_at=now,
        description=f"Payout {payout}",
        metadata={"payout": payout},
    )


def payout_returned(
    *, psp: str, account: str, payout: str, bank_name: str, money: Money, now: datetime
) -> TransactionDraft:
    """Post that our bank sent a payout back: the PSP owes it to us again."""
    return TransactionDraft(
        reference=f"{psp}:{account}:{payout}:returned",
        kind="payout.returned",
        entries=(debit(receivable(psp), money), credit(bank(bank_name), money)),
        effective_at=now,
        description=f"Payout {payout} returned",
        metadata={"payout": payout},
    )


def bank_difference(*, payout: str, bank_name: str, beyond: Money, now: datetime) -> TransactionDraft:
    """Post what a bank kept of a payout (``beyond`` is negative), or added to it.

    :param payout: its PSP, account and reference, with colons in between.
    """
    money = Money(abs(beyond.amount_minor), beyond.currency)
    ours, costs = bank(bank_name), BANK_FEES
    entries = (debit(costs, money), credit(ours, money))
    if beyond.amount_minor > 0:
        entries = (debit(ours, money), credit(costs, money))
    return TransactionDraft(
        reference=f"{payout}:bank_difference",
        kind="payout.bank_difference",
        entries=entries,
        effective_at=now,
        description="Kept, or added, by the bank",
        metadata={"payout": payout},
    )


def converted(*, line: SettlementOf, sold: Money, bought: Money, rate: Decimal) -> TransactionDraft:
    """Post that the PSP owes us in another currency than the buyer paid in."""
    draft = exchange(
        reference=line.event("converted"),
        sold=sold,
        bought=bought,
        rate=rate,
        from_account=receivable(line.psp),
        to_account=receivable(line.psp),
        effective_at=line.occurred_at,
        description="Settled in another currency",
    )
    return replace(draft, metadata={**draft.metadata, **line.metadata})


@dataclass(frozen=True, slots=True)
class Unexplained:
    """Which break the money is about that nobody can explain yet."""

    psp: str
    break_id: str
    psp_reference: str

    def draft(self, kind: str, entries: tuple[EntryDraft, ...], now: datetime, description: str) -> TransactionDraft:
        """Return a posting about it."""
        return TransactionDraft(
            reference=f"{self.break_id}:{kind}",
            kind=f"settlement.{kind}",
            entries=entries,
            effective_at=now,
            description=description,
            metadata={"break": self.break_id, "psp_reference": self.psp_reference},
        )


def unexplained(*, about: Unexplained, money: Money, received: bool, now: datetime) -> TransactionDraft:
    """Post money that the PSP moved and that matches nothing of ours, until somebody finds out.

    :param received: the PSP owes us more by it; otherwise less.
    """
    return about.draft("unexplained", _question(about.psp, money, asked=received), now, "Not explained yet")


def explained(*, about: Unexplained, money: Money, received: bool, now: datetime) -> TransactionDraft:
    """Take back what was not explained, once what it was is posted as itself."""
    return about.draft("explained", _question(about.psp, money, asked=not received), now, "Explained")


def paid_back(*, about: Unexplained, money: Money, now: datetime) -> TransactionDraft:
    """Take off what the PSP owes us what it has paid back of it, because nobody was owed it."""
    return about.draft("paid_back", _question(about.psp, money, asked=False), now, "Paid back")


def settled_apart(*, about: Unexplained, money: Money, received: bool, account: str, now: datetime) -> TransactionDraft:
    """Post what was not explained to where it belongs: written off, or to an account that a person names."""
    held = suspense(about.psp)
    entries = (debit(account, money), credit(held, money))
    if received:
        entries = (debit(held, money), credit(account, money))
    return about.draft("settled_apart", entries, now, "Written off, or corrected")


def _question(psp: str, money: Money, *, asked: bool) -> tuple[EntryDraft, ...]:
    ours, open_question = receivable(psp), suspense(psp)
    if asked:
        return debit(ours, money), credit(open_question, money)
    return debit(open_question, money), credit(ours, money)
