"""Whatever is bought, discounted, sent and taxed, in every currency: it adds up, and is paid back to the last unit."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from checkout.pricing.basket import PPM, AmountOff, Basket, FreeShipping, Line, PercentOff, in_ppm
from checkout.pricing.breakdown import Breakdown, Part
from checkout.pricing.price_basket import price_basket
from ledger.allocation import allocate
from ledger.money import Money
from tests.checkout.pricing.baskets import BASKETS, CURRENCIES, DISCOUNTS, LINES, SHIPPING

HALF = Fraction(1, 2)


def amount(part: Part) -> int:
    """What a part costs by now: without discount, with the taxes in its price."""
    return part.subtotal_minor - part.discount_minor


def shares(priced: Breakdown) -> list[int]:
    """What the buyer's money is for: each part without tax, and each tax."""
    return [part.net_minor for part in priced.parts] + [tax.amount_minor for tax in priced.taxes]


@given(BASKETS)
def test_totals_always_add_up(basket: Basket) -> None:
    priced = price_basket(basket)
    totals = priced.totals

    assert totals.total == totals.subtotal - totals.discount + totals.fulfillment + totals.tax
    assert totals.total == sum(part.total_minor for part in priced.parts) == sum(shares(priced))
    assert totals.subtotal == sum(line.quantity * line.unit_amount_minor for line in basket.lines)
    assert totals.fulfillment == (basket.shipping.amount_minor if basket.shipping else 0)
    assert totals.tax == sum(tax.amount_minor for tax in priced.taxes if not tax.rate.inclusive)


@given(BASKETS)
def test_nothing_is_ever_negative(basket: Basket) -> None:
    priced = price_basket(basket)

    assert min(shares(priced)) >= 0
    assert priced.totals.total >= 0
    for part in priced.parts:
        assert 0 <= part.net_minor <= amount(part) <= part.total_minor
        assert all(tax.amount_minor >= 0 for tax in part.taxes)


@given(BASKETS)
def test_a_discount_takes_what_it_says_and_never_more_than_there_is(basket: Basket) -> None:
    priced = price_basket(basket)
    off_lines = sum(line.discount_minor for line in priced.lines)
    off_shipping = priced.shipping.discount_minor if priced.shipping else 0

    assert all(0 <= part.discount_minor <= part.subtotal_minor for part in priced.parts)
    match basket.discount:
        case PercentOff(percent):
            assert abs(off_lines - Fraction(priced.totals.subtotal * in_ppm(percent), PPM)) <= HALF
        case AmountOff(most):
            assert off_lines == min(most, priced.totals.subtotal)
        case _:
            assert off_lines == 0
    assert off_shipping == (priced.totals.fulfillment if basket.discount == FreeShipping() else 0)


@given(BASKETS)
def test_a_tax_within_the_prices_and_what_is_left_are_the_prices(basket: Basket) -> None:
    priced = price_basket(basket)

    assert all(part.net_minor + part.included_tax_minor == amount(part) for part in priced.parts)
    inside = {tuple(tax.rate for tax in part.taxes if tax.rate.inclusive) for part in priced.parts}
    for rates in inside:
        together = [p for p in priced.parts if tuple(tax.rate for tax in p.taxes if tax.rate.inclusive) == rates]
        gross, whole = sum(map(amount, together)), sum(rate.ppm for rate in rates)
        assert abs(sum(p.included_tax_minor for p in together) - Fraction(gross * whole, PPM + whole)) <= HALF
        for rate in rates:
            taken = sum(tax.amount_minor for p in together for tax in p.taxes if tax.rate == rate)
            assert abs(taken - Fraction(gross * rate.ppm, PPM + whole)) < 1 + HALF


@given(BASKETS)
def test_a_tax_on_top_is_off_by_half_a_unit_at_most_for_all_that_it_is_taken_of(basket: Basket) -> None:
    priced = price_basket(basket)

    for tax in priced.taxes:
        if not tax.rate.inclusive:
            base = sum(p.net_minor for p in priced.parts if tax.rate in [own.rate for own in p.taxes])
            assert abs(tax.amount_minor - Fraction(base * tax.rate.ppm, PPM)) <= HALF


@given(BASKETS)
def test_each_part_has_the_taxes_that_its_rates_say_in_their_order(basket: Basket) -> None:
    priced = price_basket(basket)
    asked = [line.taxes for line in basket.lines] + ([basket.shipping.taxes] if basket.shipping else [])

    assert [tuple(tax.rate for tax in part.taxes) for part in priced.parts] == asked


@given(LINES, SHIPPING, DISCOUNTS)
def test_minor_units_are_minor_units_in_every_currency(lines: list[Line], shipping: object, discount: object) -> None:
    priced = {price_basket(Basket(currency, tuple(lines), shipping, discount)).totals for currency in CURRENCIES}  # type: ignore[arg-type]  # of Hypothesis

    assert len(priced) == 1


@given(BASKETS, st.lists(st.integers(1, PPM), max_size=8))
def test_any_mix_of_partial_refunds_ends_at_exactly_zero(basket: Basket, portions: list[int]) -> None:
    left = shares(price_basket(basket))

    for portion in [*portions, PPM]:  # of what is left each, and all of it in the end
        paid_back = -(-sum(left) * portion // PPM)
        taken = [share.amount_minor for share in allocate(money=Money(paid_back, basket.currency), weights=left)]
        assert sum(taken) == paid_back
        left = [was - share for was, share in zip(left, taken, strict=True)]
        assert min(left) >= 0

    assert set(left) == {0}
