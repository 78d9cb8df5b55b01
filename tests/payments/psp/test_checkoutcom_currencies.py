"""Amounts that Checkout.com would take for another sum, or not at all, are not sent."""

import pytest

from ledger.money import Money
from payments.psp.checkoutcom_currencies import is_taken_alike


@pytest.mark.parametrize(
    "money",
    [
        Money(1290, "EUR"),
        Money(500, "JPY"),
        Money(5000, "ISK"),
        Money(5000, "UGX"),
        Money(5000, "KWD"),
        Money(1230, "IQD"),
    ],
    ids=str,
)
def test_an_amount_that_both_count_alike_is_sent(money: Money) -> None:
    assert is_taken_alike(money)


@pytest.mark.parametrize("money", [Money(5000, "CLP"), Money(5000, "UYI"), Money(5000, "CLF")], ids=str)
def test_an_amount_that_they_would_take_for_another_sum_is_not(money: Money) -> None:
    assert not is_taken_alike(money)


@pytest.mark.parametrize("money", [Money(5001, "KWD"), Money(1234, "BHD")], ids=str)
def test_an_amount_in_thousandths_whose_last_digit_counts_is_not(money: Money) -> None:
    assert not is_taken_alike(money)
