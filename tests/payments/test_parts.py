"""What a payment is for makes it up to the minor unit, and so do the refunds of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.money import Money
from payments.errors import InvalidParts, PaymentRefused
from payments.parts import Part, PartKind, Wanted, check_parts, faults, off_earned, share_out, share_out_items

LINE, SHIPPING, TAX = PartKind.LINE, PartKind.SHIPPING, PartKind.TAX


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


MUG = Part(LINE, "MUG", eur(1000), quantity=2)
MUG_TAX = Part(TAX, "MUG", eur(190), jurisdiction="de")
TEE = Part(LINE, "TEE", eur(500))
PARCEL = Part(SHIPPING, "parcel", eur(490))
TAX_ON_ALL = Part(TAX, "", eur(7), jurisdiction="us-ny")
ALL = [MUG, MUG_TAX, TEE, PARCEL, TAX_ON_ALL]
TOTAL = eur(2187)


def test_parts_that_make_up_the_payment_are_taken() -> None:
    check_parts(parts=ALL, money=TOTAL)
    check_parts(parts=[], money=TOTAL)
    check_parts(parts=[MUG, Part(LINE, "GIFT", eur(0))], money=eur(1000))


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        ([MUG], [(None, "does_not_add_up")]),
        ([*ALL, Part(LINE, "MUG", eur(0))], [(5, "there_twice")]),
        ([*ALL, Part(SHIPPING, "TEE", eur(0))], [(5, "there_twice")]),
        ([*ALL, Part(TAX, "MUG", eur(0), jurisdiction="de")], [(5, "there_twice")]),
        ([*ALL, Part(TAX, "CAP", eur(0), jurisdiction="de")], [(5, "taxes_nothing")]),
        ([*ALL, Part(TAX, "TEE", eur(0))], [(5, "not_named")]),
        ([*ALL, Part(LINE, "", eur(0))], [(5, "not_named")]),
        ([*ALL, Part(LINE, "CAP", eur(0), jurisdiction="de")], [(5, "not_named")]),
        ([Part(LINE, "CAP", Money(2187, "USD"))], [(None, "does_not_add_up")]),
        ([MUG_TAX, PARCEL], [(0, "taxes_nothing"), (None, "does_not_add_up")]),
    ],
)
def test_parts_that_do_not_are_named(parts: list[Part], found: list[tuple[int | None, str]]) -> None:
    assert [(place, code) for place, code, _ in faults(parts=parts, money=TOTAL)] == found
    with pytest.raises(InvalidParts) as refusal:
        check_parts(parts=parts, money=TOTAL)
    assert refusal.value.code == "parts_invalid"


def test_a_tax_may_be_on_a_line_and_another_on_the_same() -> None:
    parts = [MUG, MUG_TAX, Part(TAX, "MUG", eur(10), jurisdiction="de-by")]
    check_parts(parts=parts, money=eur(1200))


@pytest.mark.parametrize(
    ("wanted", "shares"),
    [
        ([Wanted("MUG")], [1000, 190, 0, 0, 0]),
        ([Wanted("MUG", money=eur(119))], [100, 19, 0, 0, 0]),
        ([Wanted("MUG", money=eur(1))], [1, 0, 0, 0, 0]),
        ([Wanted("MUG", "de")], [0, 190, 0, 0, 0]),
        ([Wanted("", "us-ny"), Wanted("parcel", money=eur(90))], [0, 0, 0, 90, 7]),
        ([Wanted("MUG", money=eur(119)), Wanted("MUG")], [1000, 190, 0, 0, 0]),
        ([], [0, 0, 0, 0, 0]),
    ],
)
def test_an_item_goes_back_with_its_taxes(wanted: list[Wanted], shares: list[int]) -> None:
    found = share_out_items(wanted=wanted, left=ALL, currency="EUR")
    assert [share.amount_minor for share in found] == shares


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ([Wanted("CAP")], "unknown_part"),
        ([Wanted("MUG", "us-ny")], "unknown_part"),
        ([Wanted("", "de")], "unknown_part"),
        ([Wanted("MUG", money=eur(1191))], "refund_exceeds_part"),
        ([Wanted("TEE"), Wanted("TEE", money=eur(1))], "refund_exceeds_part"),
        ([Wanted("TEE", money=Money(1, "USD"))], "currency_mismatch"),
    ],
)
def test_what_is_not_left_of_an_item_does_not_go_back(wanted: list[Wanted], code: str) -> None:
    with pytest.raises(PaymentRefused) as refusal:
        share_out_items(wanted=wanted, left=ALL, currency="EUR")
    assert refusal.value.code == code


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=8).filter(any), st.data())
def test_partial_refunds_of_every_mix_end_at_nothing_for_every_part(amounts: list[int], data: st.DataObject) -> None:
    # Given
    left = [Part(LINE, str(place), eur(minor)) for place, minor in enumerate(amounts)]
    refunded = 0
    # When refunds of some size, of a sum or of an item, follow each other until nothing is left
    while total := sum(part.money.amount_minor for part in left):
        open_items = [part for part in left if part.money.amount_minor]
        if data.draw(st.booleans()):
            item = data.draw(st.sampled_from(open_items))
            part = eur(data.draw(st.integers(1, item.money.amount_minor)))
            shares = share_out_items(wanted=[Wanted(item.reference, money=part)], left=left, currency="EUR")
        else:
            part = eur(data.draw(st.integers(max(total // 4, 1), total)))
            shares = share_out(money=part, left=left)
        # Then each adds up, and takes of no part more than is left of it
        assert sum(share.amount_minor for share in shares) == part.amount_minor
        assert all(eur(0) <= share <= each.money for share, each in zip(shares, left, strict=True))
        left = [Part(LINE, each.reference, each.money - share) for share, each in zip(shares, left, strict=True)]
        refunded += part.amount_minor
    assert refunded == sum(amounts)


@pytest.mark.parametrize(
    ("share", "earned", "unearned_refunded", "comes_off"),
    [
        (100, 0, 0, 0),  # nothing was shipped
        (100, 1000, 0, 100),  # all was
        (100, 400, 0, 0),  # enough is still owed in goods
        (700, 400, 0, 100),  # not enough
        (700, 400, 600, 700),  # what was still owed has gone back before
        (1000, 400, 0, 400),
        (100, 400, 550, 50),
    ],
)
def test_what_is_still_owed_in_goods_is_paid_back_first(
    share: int, earned: int, unearned_refunded: int, comes_off: int
) -> None:
    found = off_earned(share=eur(share), part=eur(1000), earned=eur(earned), unearned_refunded=eur(unearned_refunded))
    assert found == eur(comes_off)
