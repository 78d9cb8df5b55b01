"""Trial balance, balance sheet, income statement, roll-up: pure functions over account sums, currency by currency."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ledger.money import Money
from ledger.queries import AccountBalance

TYPES = ("asset", "liability", "equity", "revenue", "expense")


@dataclass(frozen=True, slots=True)
class Section:
    """Accounts of one type, and what they hold together, on the type's normal side."""

    type: str
    accounts: Sequence[AccountBalance]
    total: Money


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """Every account of one currency; both sums are the same where the books are right."""

    currency: str
    accounts: Sequence[AccountBalance]
    debits: Money
    credits: Money

    @property
    def balanced(self) -> bool:
        """Return whether debits equal credits."""
        return self.debits == self.credits


@dataclass(frozen=True, slots=True)
class BalanceSheet:
    """What a book owns and owes in one currency. ``result`` is revenue less expense, not yet carried to equity."""

    currency: str
    assets: Section
    liabilities: Section
    equity: Section
    result: Money

    @property
    def financing(self) -> Money:
        """Return liabilities, equity and the result together: as much as the assets, where the books are right."""
        return self.liabilities.total + self.equity.total + self.result


@dataclass(frozen=True, slots=True)
class IncomeStatement:
    """What a book earned and spent in one currency over some days."""

    currency: str
    revenue: Section
    expenses: Section
    result: Money


@dataclass(frozen=True, slots=True)
class Node:
    """A step of the account paths in one currency, with the sums of its own account and of all below it.

    ``balance`` is on the normal side that all of them share, else on the debit side.
    """

    path: str
    depth: int
    currency: str
    debits: Money
    credits: Money
    balance: Money


def trial_balances(rows: Iterable[AccountBalance]) -> list[TrialBalance]:
    """Return the trial balance of each currency."""
    return [
        TrialBalance(
            currency=currency,
            accounts=found,
            debits=Money(sum(row.debits_minor for row in found), currency),
            credits=Money(sum(row.credits_minor for row in found), currency),
        )
        for currency, found in _by_currency(rows)
    ]


def balance_sheets(rows: Iterable[AccountBalance]) -> list[BalanceSheet]:
    """Return the balance sheet of each currency, from the sums of all days up to its own."""
    sheets = []
    for currency, found in _by_currency(rows):
        asset, liability, equity, revenue, expense = (_section(kind, currency, found) for kind in TYPES)
        sheets.append(BalanceSheet(currency, asset, liability, equity, revenue.total - expense.total))
    return sheets


def income_statements(rows: Iterable[AccountBalance]) -> list[IncomeStatement]:
    """Return the income statement of each currency, from the sums of its days."""
    statements = []
    for currency, found in _by_currency(rows):
        revenue, expenses = _section("revenue", currency, found), _section("expense", currency, found)
        statements.append(IncomeStatement(currency, revenue, expenses, revenue.total - expenses.total))
    return statements


def roll_up(rows: Iterable[AccountBalance], *, depth: int | None = None) -> list[Node]:
    """Return every step of the paths down to ``depth``, in order, each with what is at it and below it."""
    below: dict[tuple[str, str], list[AccountBalance]] = defaultdict(list)
    for row in rows:
        steps = row.code.split(":")
        for length in range(1, min(len(steps), depth or len(steps)) + 1):
            below[":".join(steps[:length]), row.currency].append(row)
    return [_node(path, currency, found) for (path, currency), found in sorted(below.items())]


def _node(path: str, currency: str, found: Sequence[AccountBalance]) -> Node:
    debits = sum(row.debits_minor for row in found)
    credits_ = sum(row.credits_minor for row in found)
    all_credit = all(row.normal_side == "credit" for row in found)
    return Node(
        path=path,
        depth=path.count(":") + 1,
        currency=currency,
        debits=Money(debits, currency),
        credits=Money(credits_, currency),
        balance=Money(credits_ - debits if all_credit else debits - credits_, currency),
    )


def _section(kind: str, currency: str, rows: Sequence[AccountBalance]) -> Section:
    """Return the accounts of a type. One whose normal side is the other (a contra account) counts against it."""
    found = [row for row in rows if row.type == kind]
    sign = 1 if kind in {"asset", "expense"} else -1
    return Section(kind, found, Money(sign * sum(row.debits_minor - row.credits_minor for row in found), currency))


def _by_currency(rows: Iterable[AccountBalance]) -> list[tuple[str, list[AccountBalance]]]:
    found: dict[str, list[AccountBalance]] = defaultdict(list)
    for row in rows:
        found[row.currency].append(row)
    return sorted(found.items())
