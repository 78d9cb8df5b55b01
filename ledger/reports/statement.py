"""Account statements: opening balance, entries by effective time with the balance after each, closing balance."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from ledger import history
from ledger.history import Line
from ledger.models import Account
from ledger.money import Money

PAGE = 1_000  # entries read at once


@dataclass(frozen=True, slots=True)
class StatementLine:
    """An entry, and what the account held after it, on its normal side."""

    line: Line
    debit: Money | None
    credit: Money | None
    balance: Money


@dataclass(frozen=True, slots=True)
class Statement:
    """An account's statement over some days; its lines are read as they are asked for."""

    account: Account
    since: date
    through: date
    opening: Money

    def lines(self) -> Iterator[StatementLine]:
        """Yield the lines; the balance of the last one is the closing balance."""
        sign = 1 if self.account.normal_side == "debit" else -1
        balance, after = self.opening, None
        while page := history.lines(
            account=self.account, since=self.since, through=self.through, after=after, limit=PAGE
        ):
            for line in page:
                balance += Money(sign * line.amount_minor, self.account.currency)
                amount = Money(abs(line.amount_minor), self.account.currency)
                debit, credit = (amount, None) if line.amount_minor > 0 else (None, amount)
                yield StatementLine(line, debit, credit, balance)
            after = page[-1]


def statement(*, account: Account, since: date, through: date) -> Statement:
    """Return the statement of an account from one day through another, both included."""
    return Statement(account, since, through, history.opening(account=account, since=since))
