"""Shares of a sum add up to it, whatever is shared out among whomever."""

import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.allocation import allocate
from ledger.money import MAX_MINOR, Money

CURRENCIES = st.sampled_from(["JPY", "EUR", "KWD", "CLF"])  # 0, 2, 3 and 4 decimals
SUMS = st.builds(Money, st.integers(-MAX_MINOR, MAX_MINOR), CURRENCIES)
WEIGHTS = st.lists(st.integers(0, MAX_MINOR), min_size=1, max_size=12).filter(any)


def minors(money: Money, weights: list[int]) -> list[int]:
    return [share.amount_minor for share in allocate(money=money, weights=weights)]


@pytest.mark.parametrize(
    ("minor", "weights", "shares"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (101, [1, 1, 1], [34, 34, 33]),
        (-100, [1, 1, 1], [-34, -33, -33]),
        (5, [3, 7], [2, 3]),
        (1, [1, 2], [0, 1]),
        (1, [0, 1, 1], [0, 1, 0]),
        (0, [0, 0], [0, 0]),
        (0, [], []),
        (1290, [1000, 190, 100], [1000, 190, 100]),
        (MAX_MINOR, [1, 1], [MAX_MINOR // 2 + 1, MAX_MINOR // 2]),
    ],
)
def test_what_rounding_leaves_goes_to_whom_it_took_most_from(minor: int, weights: list[int], shares: list[int]) -> None:
    assert minors(Money(minor, "EUR"), weights) == shares


@given(SUMS, WEIGHTS)
def test_shares_add_up_and_are_less_than_one_minor_unit_off(money: Money, weights: list[int]) -> None:
    shares = allocate(money=money, weights=weights)

    assert {share.currency for share in shares} == {money.currency}
    assert sum(share.amount_minor for share in shares) == money.amount_minor
    exact = [Fraction(money.amount_minor * weight, sum(weights)) for weight in weights]
    assert all(abs(share.amount_minor - part) < 1 for share, part in zip(shares, exact, strict=True))


@given(SUMS, WEIGHTS)
def test_who_weighs_more_gets_no_less_and_the_earlier_of_equals_the_odd_unit(money: Money, weights: list[int]) -> None:
    shares = [abs(minor) for minor in minors(money, weights)]

    for (light, little), (heavy, much) in itertools.permutations(zip(weights, shares, strict=True), 2):
        assert little <= much or light >= heavy
    for (first, earlier), (second, later) in itertools.combinations(zip(weights, shares, strict=True), 2):
        assert first != second or 0 <= earlier - later <= 1


@given(SUMS, WEIGHTS)
def test_the_same_shares_come_out_every_time_and_mirrored_for_the_opposite(money: Money, weights: list[int]) -> None:
    assert minors(money, weights) == minors(money, weights) == [-minor for minor in minors(-money, weights)]


@given(WEIGHTS, st.data())
def test_nobody_gets_more_than_they_weigh_of_a_sum_within_the_weights(weights: list[int], data: st.DataObject) -> None:
    minor = data.draw(st.integers(0, min(sum(weights), MAX_MINOR)))

    assert all(
        0 <= share <= weight for share, weight in zip(minors(Money(minor, "EUR"), weights), weights, strict=True)
    )


@pytest.mark.parametrize("weights", [[], [0, 0], [2, -1]])
def test_a_sum_that_nobody_can_have_is_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="cannot be shared out"):
        allocate(money=Money(1, "EUR"), weights=weights)
