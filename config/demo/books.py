"""The same money counted four times: by the shop's orders, by the PSP, by the payments, by the ledger."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from config.demo.simulator import Charge
from ledger import queries as ledger
from ledger.money import Money
from payments.chart import CHARGEBACKS, DISPUTE_FEES, bank, disputed, fees, receivable, suspense


@dataclass(frozen=True, slots=True)
class MoneyRow:
    """One currency, in minor units. All four figures are the same, or something is wrong."""

    currency: str
    orders_minor: int
    psp_minor: int
    ledger_minor: int

    @property
    def agrees(self) -> bool:
        """Whether all of them say the same."""
        return self.orders_minor == self.psp_minor == self.ledger_minor


@dataclass(frozen=True, slots=True)
class StockRow:
    """One SKU, in units. ``to_ship`` is what the orders say; ``reserved`` what the shelf says."""

    sku: str
    on_hand: int
    reserved: int
    to_ship: int

    @property
    def agrees(self) -> bool:
        """Whether exactly the units that are sold and not shipped are spoken for, and no more than there are."""
        return self.reserved == self.to_ship <= self.on_hand


def unmatched(*, charges: list[Charge], payments: dict[str, Money]) -> list[str]:
    """Return the attempts that only one side knows, or that both know with different money: charge by charge."""
    psp = {
        charge.attempt_id: Money(charge.captured_minor - charge.refunded_minor, charge.currency) for charge in charges
    }
    return sorted(attempt for attempt in psp.keys() | payments.keys() if psp.get(attempt) != payments.get(attempt))


def taken_by_ledger(*, psps: Iterable[str], bank_name: str) -> Counter[str]:
    """Return what was taken and not paid back by the ledger, wherever it is by now, by currency.

    A PSP owes it, keeps it for a bank's decision or for its work, or has paid it out.
    """
    of_psps = [place(psp) for psp in psps for place in (receivable, disputed, suspense, fees)]
    places = (*of_psps, CHARGEBACKS, DISPUTE_FEES, bank(bank_name))
    sums: Counter[str] = Counter()
    for code in places:
        sums.update(ledger.totals(code=code))
    return sums


def compare_money(*, orders: Counter[str], charges: list[Charge], ledger: Counter[str]) -> list[MoneyRow]:
    """Line the sums up by currency."""
    psp: Counter[str] = Counter()
    for charge in charges:
        psp[charge.currency.upper()] += charge.captured_minor - charge.refunded_minor
    currencies = sorted({*orders, *psp, *ledger})
    return [MoneyRow(currency, orders[currency], psp[currency], ledger[currency]) for currency in currencies]
