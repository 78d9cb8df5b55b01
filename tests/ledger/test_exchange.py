"""Exchanges: each currency balances by itself, the rate is kept, exponents count."""

from decimal import Decimal

import pytest
from django_subatomic.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from ledger import journal, queries
from ledger.accounts import AccountSpec, ensure_accounts
from ledger.errors import InvalidDraft
from ledger.exchange import POSITION, convert, exchange
from ledger.models import Transaction
from ledger.money import Money, exponent
from ledger.verify import checks
from tests.ledger.books import BOOK, NOW, open_test_book

BANK = "assets:bank"
CURRENCIES = ("EUR", "JPY", "KWD", "CLF")


@pytest.mark.parametrize(
    ("money", "rate", "bought"),
    [
        (Money(10_000, "EUR"), "1.0842", Money(10_842, "USD")),
        (Money(100, "JPY"), "0.0062", Money(62, "USD")),
        (Money(6_200, "USD"), "161.29", Money(10_000, "JPY")),
        (Money(1_000, "KWD"), "3.25", Money(325, "USD")),
        (Money(10_000, "CLF"), "38000", Money(38_000, "CLP")),
        (Money(25, "EUR"), "0.1", Money(2, "USD")),
        (Money(35, "EUR"), "0.1", Money(4, "USD")),
    ],
)
def test_amounts_are_converted_by_both_exponents_and_rounded_half_to_even(
    money: Money, rate: str, bought: Money
) -> None:
    assert convert(money, rate=Decimal(rate), currency=bought.currency) == bought


@given(
    minor=st.integers(1, 10**12),
    pair=st.sampled_from([(a, b) for a in CURRENCIES for b in CURRENCIES if a != b]),
    rate=st.decimals("0.0001", "9999", places=6),
)
def test_a_conversion_is_within_half_a_minor_unit(minor: int, pair: tuple[str, str], rate: Decimal) -> None:
    bought = convert(Money(minor, pair[0]), rate=rate, currency=pair[1])
    exact = Decimal(minor).scaleb(-exponent(pair[0])) * rate
    assert (
        abs(Decimal(bought.amount_minor).scaleb(-exponent(pair[1])) - exact)
        <= Decimal(1).scaleb(-exponent(pair[1])) / 2
    )


@pytest.mark.parametrize("rate", ["0", "-1", "NaN", "Infinity"])
def test_a_rate_that_is_none_is_refused(rate: str) -> None:
    with pytest.raises(InvalidDraft, match="rate_invalid"):
        convert(Money(1, "EUR"), rate=Decimal(rate), currency="USD")


def sell(bought: Money) -> None:
    """Sell 100 euros for this at 1.0842."""
    draft = exchange(
        reference="fx-1",
        sold=Money(10_000, "EUR"),
        bought=bought,
        rate=Decimal("1.0842"),
        from_account=BANK,
        to_account=BANK,
        effective_at=NOW,
    )
    with transaction():
        journal.post(book=BOOK, drafts=draft)


@pytest.mark.django_db(transaction=True)
def test_an_exchange_balances_in_each_currency_and_keeps_its_rate() -> None:
    # Given
    open_test_book()
    with transaction():
        ensure_accounts(
            book=BOOK,
            accounts=[
                spec
                for currency in ("EUR", "USD")
                for spec in (
                    AccountSpec(BANK, currency, "asset", "debit"),
                    AccountSpec(POSITION, currency, "equity", "credit"),
                )
            ],
        )
    # When
    sell(Money(10_842, "USD"))
    # Then
    held = {
        (code, currency): queries.balance(book=BOOK, account=code, currency=currency).balance.amount_minor
        for code in (BANK, POSITION)
        for currency in ("EUR", "USD")
    }
    assert held == {
        (BANK, "EUR"): -10_000,
        (BANK, "USD"): 10_842,
        (POSITION, "EUR"): -10_000,
        (POSITION, "USD"): 10_842,
    }
    assert Transaction.objects.get().metadata == {
        "fx_rate": "1.0842",
        "fx_sold": "EUR 100.00",
        "fx_bought": "USD 108.42",
    }
    assert all(check.passed for check in checks(now=NOW))


def test_an_exchange_off_its_rate_or_within_one_currency_is_refused() -> None:
    with pytest.raises(InvalidDraft, match="rate_mismatch"):
        sell(Money(10_850, "USD"))
    with pytest.raises(InvalidDraft, match="same_currency"):
        sell(Money(10_842, "EUR"))
