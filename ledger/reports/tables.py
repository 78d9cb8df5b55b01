"""Reports as tables: titles, columns, rows. One form that CSV files and printed pages are made of."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ledger.money import Money
from ledger.reports.figures import BalanceSheet, IncomeStatement, Node, Section, TrialBalance
from ledger.reports.statement import Statement

type Cell = str | Money | None


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table; ``total`` where it sums up what is above it."""

    cells: Sequence[Cell]
    total: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A report, or its part in one currency. ``rows`` may come as they are read."""

    title: str
    columns: Sequence[str]
    rows: Iterable[Row] = field(default_factory=list)


def trial_balance(found: Iterable[TrialBalance]) -> list[Table]:
    """Return a table per currency."""
    return [
        Table(
            f"Trial balance, {part.currency}",
            ("Account", "Type", "Debits", "Credits", "Balance"),
            [
                *(
                    Row(
                        (
                            row.code,
                            row.type,
                            Money(row.debits_minor, row.currency),
                            Money(row.credits_minor, row.currency),
                            row.balance,
                        )
                    )
                    for row in part.accounts
                ),
                Row(("Total", "", part.debits, part.credits, None), total=True),
            ],
        )
        for part in found
    ]


def balance_sheet(found: Iterable[BalanceSheet]) -> list[Table]:
    """Return a table per currency."""
    return [
        Table(
            f"Balance sheet, {part.currency}",
            ("Account", "Balance"),
            [
                *_section("Assets", part.assets),
                *_section("Liabilities", part.liabilities),
                *_section("Equity", part.equity),
                Row(("Result, not yet carried to equity", part.result)),
                Row(("Liabilities, equity and result", part.financing), total=True),
            ],
        )
        for part in found
    ]


def income_statement(found: Iterable[IncomeStatement]) -> list[Table]:
    """Return a table per currency."""
    return [
        Table(
            f"Income statement, {part.currency}",
            ("Account", "Amount"),
            [
                *_section("Revenue", part.revenue),
                *_section("Expenses", part.expenses),
                Row(("Result", part.result), total=True),
            ],
        )
        for part in found
    ]


def roll_up(found: Iterable[Node]) -> list[Table]:
    """Return one table of all currencies."""
    rows = [Row((node.path, node.debits, node.credits, node.balance)) for node in found]
    return [Table("Accounts, rolled up", ("Path", "Debits", "Credits", "Balance"), rows)]


def statement(found: Statement) -> list[Table]:
    """Return one table whose rows are read as they are asked for."""
    title = f"Statement of {found.account}"
    return [Table(title, ("Date", "Reference", "Description", "Debit", "Credit", "Balance"), _lines(found))]


def _lines(found: Statement) -> Iterator[Row]:
    balance = found.opening
    yield Row((f"{found.since:%Y-%m-%d}", "", "Opening balance", None, None, balance), total=True)
    for row in found.lines():
        balance = row.balance
        day = f"{row.line.effective_at:%Y-%m-%d}"
        text = row.line.description or row.line.kind
        yield Row((day, row.line.reference, text, row.debit, row.credit, balance))
    yield Row((f"{found.through:%Y-%m-%d}", "", "Closing balance", None, None, balance), total=True)


def _section(title: str, section: Section) -> list[Row]:
    sign = 1 if section.type in {"asset", "expense"} else -1
    rows = [
        Row((row.code, Money(sign * (row.debits_minor - row.credits_minor), row.currency))) for row in section.accounts
    ]
    return [*rows, Row((title, section.total), total=True)]
