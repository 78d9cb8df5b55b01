"""What baskets cost, by hand: exact values."""

from decimal import Decimal

import pytest

from checkout.pricing.basket import AmountOff, Basket, Discount, FreeShipping, Line, PercentOff, Shipping, TaxRate
from checkout.pricing.breakdown import Tax, Totals
from checkout.pricing.price_basket import price_basket
from checkout.pricing.rounding import round_half_up
from tests.checkout.pricing.baskets import CALIFORNIA, COUNTY, DE, DE_BOOKS, JP


def test_without_taxes_and_discount_a_basket_costs_its_lines_and_its_shipping() -> None:
    priced = price_basket(Basket("EUR", [Line(2, 1290), Line(1, 950)], Shipping(490)))

    assert [line.total_minor for line in priced.lines] == [2580, 950]
    assert priced.totals == Totals(subtotal=3530, discount=0, fulfillment=490, tax=0)
    assert priced.totals.total == 4020
    assert priced.taxes == ()


def test_taxes_within_the_prices_are_rounded_once_for_all_lines_and_change_no_total() -> None:
    # Each line by itself has 15.8 of tax, rounded 16, together 48; of all three it is 47.4.
    priced = price_basket(Basket("EUR", [Line(1, 99, (DE,)), Line(1, 99, (DE,)), Line(1, 99, (DE,))]))

    assert [line.included_tax_minor for line in priced.lines] == [16, 16, 15]
    assert [line.net_minor for line in priced.lines] == [83, 83, 84]
    assert priced.taxes == (Tax(DE, 47),)
    assert priced.totals == Totals(subtotal=297, discount=0, fulfillment=0, tax=0)


def test_each_rate_has_its_own_sum_and_shipping_is_taxed_with_the_goods_of_its_rate() -> None:
    priced = price_basket(Basket("EUR", [Line(1, 11900, (DE,)), Line(1, 1070, (DE_BOOKS,))], Shipping(595, (DE,))))

    assert priced.taxes == (Tax(DE, 1995), Tax(DE_BOOKS, 70))
    assert priced.shipping is not None
    assert (priced.shipping.included_tax_minor, priced.shipping.net_minor) == (95, 500)
    assert priced.totals.total == 13565


def test_taxes_on_top_are_added_for_each_jurisdiction() -> None:
    priced = price_basket(
        Basket("USD", [Line(1, 1010, (CALIFORNIA, COUNTY)), Line(1, 505, (CALIFORNIA, COUNTY))], Shipping(700))
    )

    # 6 % of 1515 are 90.9, 3.5 % are 53.025.
    assert priced.taxes == (Tax(CALIFORNIA, 91), Tax(COUNTY, 53))
    assert [[tax.amount_minor for tax in line.taxes] for line in priced.lines] == [[61, 35], [30, 18]]
    assert [line.total_minor for line in priced.lines] == [1106, 553]
    assert priced.totals == Totals(subtotal=1515, discount=0, fulfillment=700, tax=144)
    assert priced.totals.total == 2359


def test_a_tax_on_top_is_taken_of_what_is_left_when_the_one_within_is_out() -> None:
    on_top = TaxRate("CITY", Decimal(10), inclusive=False)

    [line] = price_basket(Basket("EUR", [Line(1, 11900, (on_top, DE))])).lines

    assert line.taxes == (Tax(on_top, 1000), Tax(DE, 1900))
    assert (line.net_minor, line.total_minor) == (10000, 12900)


def test_taxes_within_one_price_share_it() -> None:
    other = TaxRate("CITY", Decimal(6), inclusive=True)

    # 25 % of 100 are 25: 19 and 6.
    assert price_basket(Basket("EUR", [Line(1, 125, (DE, other))])).taxes == (Tax(DE, 19), Tax(other, 6))


def test_yen_have_no_cents() -> None:
    priced = price_basket(Basket("JPY", [Line(1, 110, (JP,)), Line(1, 55, (JP,)), Line(1, 50, (JP,))]))

    assert [line.included_tax_minor for line in priced.lines] == [10, 5, 5]
    assert priced.taxes == (Tax(JP, 20),)


@pytest.mark.parametrize(
    ("discount", "off_lines", "off_shipping"),
    [
        (PercentOff(Decimal(10)), [100, 50, 33], 0),
        (PercentOff(Decimal("12.5")), [125, 62, 42], 0),
        (PercentOff(Decimal(100)), [1000, 499, 333], 0),
        (AmountOff(500), [273, 136, 91], 0),
        (AmountOff(1), [1, 0, 0], 0),
        (AmountOff(99999), [1000, 499, 333], 0),
        (FreeShipping(), [0, 0, 0], 490),
    ],
)
def test_a_discount_is_shared_out_among_the_lines_and_never_more_than_they_cost(
    discount: Discount, off_lines: list[int], off_shipping: int
) -> None:
    priced = price_basket(Basket("EUR", [Line(1, 1000), Line(1, 499), Line(1, 333)], Shipping(490), discount))

    assert [line.discount_minor for line in priced.lines] == off_lines
    assert priced.shipping is not None
    assert priced.shipping.discount_minor == off_shipping
    assert priced.totals.discount == sum(off_lines) + off_shipping
    assert priced.totals.total == 1832 + 490 - sum(off_lines) - off_shipping


def test_taxes_are_taken_of_what_is_left_after_the_discount() -> None:
    within = price_basket(Basket("EUR", [Line(1, 11900, (DE,))], discount=PercentOff(Decimal(50))))
    on_top = price_basket(Basket("USD", [Line(1, 10000, (CALIFORNIA,))], discount=AmountOff(5000)))
    sent_free = price_basket(Basket("EUR", [Line(1, 0)], Shipping(595, (DE,)), FreeShipping()))

    assert (within.taxes, within.totals.total) == ((Tax(DE, 950),), 5950)
    assert (on_top.taxes, on_top.totals.total) == ((Tax(CALIFORNIA, 300),), 5300)
    assert (sent_free.taxes, sent_free.totals) == ((Tax(DE, 0),), Totals(0, 595, 595, 0))


def test_free_shipping_of_what_is_not_sent_takes_nothing_off() -> None:
    assert price_basket(Basket("EUR", [Line(1, 100)], discount=FreeShipping())).totals == Totals(100, 0, 0, 0)


@pytest.mark.parametrize(("numerator", "expected"), [(0, 0), (4, 0), (5, 1), (14, 1), (15, 2), (25, 3), (26, 3)])
def test_a_half_goes_up(numerator: int, expected: int) -> None:
    assert round_half_up(numerator, 10) == expected


@pytest.mark.parametrize("percent", ["-1", "100.0001", "0.00001"])
def test_what_is_no_percentage_is_refused(percent: str) -> None:
    with pytest.raises(ValueError, match="a percentage is 0 to 100"):
        price_basket(Basket("EUR", [Line(1, 100)], discount=PercentOff(Decimal(percent))))
