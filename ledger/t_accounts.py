"""Entries as T-accounts: each account once, its debits left, its credits right. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ledger.money import Money


@dataclass(frozen=True, slots=True)
class Line:
    """An entry, as it stands in its account. ``status``: posted counts; pending and released are on no balance."""

    account: str
    direction: str
    money: Money
    status: str = "posted"


@dataclass(frozen=True, slots=True)
class TAccount:
    """One account in one currency."""

    account: str
    currency: str
    lines: Sequence[Line]

    @property
    def debits(self) -> Sequence[Line]:
        """Return the left side."""
        return [line for line in self.lines if line.direction == "debit"]

    @property
    def credits(self) -> Sequence[Line]:
        """Return the right side."""
        return [line for line in self.lines if line.direction != "debit"]

    @property
    def balance(self) -> Money:
        """Return what is posted, debits less credits."""
        posted = [line for line in self.lines if line.status == "posted"]
        signed = (line.money.amount_minor if line.direction == "debit" else -line.money.amount_minor for line in posted)
        return Money(sum(signed), self.currency)

    @property
    def left(self) -> Money:
        """Return what is posted, on whichever side it is left."""
        return Money(abs(self.balance.amount_minor), self.currency)


def t_accounts(lines: Iterable[Line]) -> list[TAccount]:
    """Return the accounts in the order in which they first come."""
    found: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        found.setdefault((line.account, line.money.currency), []).append(line)
    return [TAccount(account, currency, of_it) for (account, currency), of_it in found.items()]
