"""What a PSP exchanges: both sums as it says, in both currencies' own minor units, and a rate that explains them."""

from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.exchange import convert
from ledger.models import Transaction
from ledger.money import Money
from payments.conversion import conversion_of
from payments.models import Break
from payments.psp.settlement import SettlementLine
from payments.states import LineKind
from tests.factories import NOW
from tests.payments.holding import EUR, assert_in_order
from tests.payments.settling import balances, converted, settled, told

K = LineKind


@pytest.mark.parametrize(
    ("gross", "original", "rate", "sold", "bought"),
    [
        (Money(1194, "EUR"), Money(1290, "USD"), "0.925581", Money(1290, "USD"), Money(1194, "EUR")),
        (Money(-268, "EUR"), Money(-290, "USD"), "0.925581", Money(268, "EUR"), Money(290, "USD")),
        (Money(62, "USD"), Money(100, "JPY"), "0.0062", Money(100, "JPY"), Money(62, "USD")),
        (Money(2050, "KWD"), Money(1000, "JPY"), "0.00205", Money(1000, "JPY"), Money(2050, "KWD")),
        (Money(-487, "JPY"), Money(-1000, "KWD"), "487.23", Money(487, "JPY"), Money(1000, "KWD")),
        (Money(1161, "EUR"), Money(1290, "USD"), "0.9", Money(1290, "USD"), Money(1161, "EUR")),
        # More money than a rate of six digits can tell to a minor unit.
        (Money(92_558_149, "EUR"), Money(100_000_000, "USD"), "0.925581", Money(100_000_000, "USD"), None),
    ],
)
def test_both_sums_are_as_the_psp_says(
    gross: Money, original: Money, rate: str, sold: Money, bought: Money | None
) -> None:
    found = conversion_of(gross=gross, original=original, told=Decimal(rate))
    assert (found.sold, found.bought, found.strays_by) == (sold, bought or gross, None)
    there = convert(found.sold, rate=found.rate, currency=found.bought.currency)
    assert abs(there.amount_minor - found.bought.amount_minor) <= 1


@pytest.mark.parametrize(
    ("gross", "original", "rate", "off"),
    [
        (Money(1200, "EUR"), Money(1290, "USD"), "0.925581", Money(6, "EUR")),
        (Money(62, "USD"), Money(10000, "JPY"), "0.0062", Money(6138, "USD")),
        (Money(205, "KWD"), Money(1000, "JPY"), "0.00205", Money(1845, "KWD")),  # as if KWD had two decimals
        (Money(1290, "EUR"), Money(1290, "USD"), "0.9", Money(129, "EUR")),
    ],
)
def test_a_rate_that_explains_nothing_is_noticed(gross: Money, original: Money, rate: str, off: Money) -> None:
    assert conversion_of(gross=gross, original=original, told=Decimal(rate)).strays_by == off


AMOUNTS = st.builds(Money, st.integers(1, 10**15), st.sampled_from(["EUR", "JPY", "KWD", "USD"]))


@given(AMOUNTS, AMOUNTS, st.booleans(), st.one_of(st.none(), st.decimals("0.000001", 10**6, places=6)))
def test_the_rate_that_is_kept_leads_from_one_sum_to_the_other(
    gross: Money, original: Money, incoming: bool, rate: Decimal | None
) -> None:
    signed = (gross, original) if incoming else (-gross, -original)
    found = conversion_of(gross=signed[0], original=signed[1], told=rate)
    there = convert(found.sold, rate=found.rate, currency=found.bought.currency)
    assert abs(there.amount_minor - found.bought.amount_minor) <= 1


books = pytest.mark.django_db(transaction=True)


@books
def test_a_charge_that_settles_in_another_currency_is_owed_in_that(paid: UUID) -> None:
    line = converted(told(K.CHARGE, 1400, fee=45, currency="USD"), EUR, "1.0853")
    assert settled(line) == ["matched"]
    # What equity:fx gave in one currency it has in the other.
    assert balances() == {"orders": 1290, "fx": -1290}
    assert balances("USD") == {"receivable": 1355, "fees": 45, "fx": 1400}
    kept = Transaction.objects.get(kind="fx.exchanged")
    assert kept.metadata == {
        "fx_rate": "1.0853",
        "fx_sold": "EUR 12.90",
        "fx_bought": "USD 14.00",
        "settlement_line": "txn_charge",
    }
    assert_in_order()


@books
@pytest.mark.parametrize(("currency", "gross", "rate"), [("JPY", 2097, "162.55814"), ("KWD", 4267, "0.33077519")])
def test_the_exponents_of_both_currencies_count(paid: UUID, currency: str, gross: int, rate: str) -> None:
    assert settled(converted(told(K.CHARGE, gross, currency=currency), EUR, rate)) == ["matched"]
    assert balances() == {"orders": 1290, "fx": -1290}
    assert balances(currency) == {"receivable": gross, "fx": gross}
    assert_in_order()


@books
def test_a_dispute_is_taken_in_the_settled_currency_and_costs_in_it(paid: UUID) -> None:
    settled(converted(told(K.CHARGE, 1400, currency="USD"), EUR, "1.0853"))
    line = converted(told(K.DISPUTE, -1410, fee=1500, currency="USD"), -EUR, "1.0930")
    assert settled(line) == ["matched"]
    # Then the bank took what the buyer had paid, and the difference between the days is a matter of exchange
    assert balances() == {"orders": 1290, "disputed": 1290}
    assert balances("USD") == {"receivable": -1510, "dispute fees": 1500, "fx": -10}
    assert_in_order()


@books
def test_a_charge_of_another_sum_leaves_nothing_in_the_buyers_currency(paid: UUID) -> None:
    line = converted(told(K.CHARGE, 1399, currency="USD"), Money(1289, "EUR"), "1.0853")
    assert settled(line) == ["amount_mismatch"]
    assert balances() == {"orders": 1290, "fx": -1289, "suspense": 1}
    assert balances("USD") == {"receivable": 1399, "fx": 1399}
    assert_in_order()


@books
def test_sums_that_the_rate_does_not_explain_are_for_people(paid: UUID) -> None:
    assert settled(converted(told(K.CHARGE, 1390, currency="USD"), EUR, "1.0853")) == ["amount_mismatch"]
    found = Break.objects.get()
    assert (found.kind, found.in_suspense) == ("amount_mismatch", False)
    assert balances("USD") == {"receivable": 1390, "fx": 1390}
    assert_in_order()


@books
def test_a_conversion_by_itself_moves_what_is_owed(paid: UUID) -> None:
    line = SettlementLine(
        line_id="txn_fx",
        kind=K.CONVERSION,
        gross=Money(700, "USD"),
        fee=Money(7, "USD"),
        net=Money(693, "USD"),
        occurred_at=NOW,
        original=Money(-645, "EUR"),
        exchange_rate=Decimal("1.0853"),
    )
    assert settled(line) == ["matched"]
    assert balances() == {"receivable": 645, "orders": 1290, "fx": -645}
    assert balances("USD") == {"receivable": 693, "fees": 7, "fx": 700}
    assert_in_order()
