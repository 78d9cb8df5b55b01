"""Money is an integer number of minor units of a currency that exists."""

import pytest

from ledger.errors import InvalidMoney
from ledger.money import MAX_MINOR, Money, exponent


@pytest.mark.parametrize(("code", "decimals"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4)])
def test_exponents_are_those_of_iso_4217(code: str, decimals: int) -> None:
    assert exponent(code) == decimals


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(6028, "EUR"), "EUR 60.28"),
        (Money(-5, "EUR"), "EUR -0.05"),
        (Money(500, "JPY"), "JPY 500"),
        (Money(1234567, "KWD"), "KWD 1234.567"),
        (Money(-12345, "CLF"), "CLF -1.2345"),
        (Money(0, "EUR"), "EUR 0.00"),
    ],
)
def test_it_is_written_with_the_currencys_decimals(money: Money, text: str) -> None:
    assert str(money) == text


@pytest.mark.parametrize("amount", [1.0, True, "1", None])
def test_an_amount_is_an_integer(amount: object) -> None:
    with pytest.raises(InvalidMoney) as refusal:
        Money(amount, "EUR")  # type: ignore[arg-type]  # that is the point
    assert refusal.value.code == "not_an_integer"


@pytest.mark.parametrize("code", ["XTS", "eur", "EURO", "", "QQQ", "XAU"])
def test_a_currency_exists_and_has_minor_units(code: str) -> None:
    with pytest.raises(InvalidMoney) as refusal:
        Money(1, code)
    assert refusal.value.code == "unknown_currency"


def test_an_amount_fits_the_database() -> None:
    assert Money(MAX_MINOR, "EUR").amount_minor == MAX_MINOR
    with pytest.raises(InvalidMoney):
        Money(MAX_MINOR + 1, "EUR")


def test_currencies_do_not_mix() -> None:
    with pytest.raises(InvalidMoney) as refusal:
        Money(1, "EUR") + Money(1, "USD")
    assert refusal.value.code == "currency_mismatch"
    with pytest.raises(InvalidMoney):
        assert Money(1, "EUR") < Money(1, "USD")


def test_it_adds_and_compares() -> None:
    assert Money(3, "EUR") + Money(4, "EUR") == Money(7, "EUR")
    assert Money(3, "EUR") - Money(4, "EUR") == Money(-1, "EUR")
    assert Money(3, "EUR") < Money(4, "EUR") <= Money(4, "EUR")
