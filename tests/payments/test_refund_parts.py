"""Refunds take from each part of a payment what is left of it, whoever asks, however many at once."""

from collections.abc import Callable

import pytest
from django_subatomic.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from payments.errors import PaymentRefused
from payments.models import Attempt, PaymentIntent, Refund, RefundPart
from payments.parts import Part, PartKind, Wanted
from payments.psp.outcomes import Declined, RefundCanceled, RefundFailed, RefundOutcome, RefundSucceeded
from payments.settle_attempt import settle_attempt
from tests.concurrency.crowd import crowd
from tests.factories import NOW
from tests.payments import itemised
from tests.payments.holding import assert_in_order
from tests.payments.itemised import (
    MUG,
    MUG_TAX,
    NOTHING,
    PARCEL,
    PARCEL_TAX,
    PARTS,
    TEE,
    TOTAL,
    balances,
    charge_of,
    eur,
    refund,
    refunded,
    sell,
    settle,
    shares,
    ship,
)

pytestmark = pytest.mark.django_db(transaction=True)

EARNED = ("revenue:sales", "revenue:shipping")
DECLINED = Declined(None, reason="insufficient_funds", soft=True)


def test_a_sum_is_shared_out_over_all_that_is_left() -> None:
    sell()
    assert shares(refund(eur(1000))) == {
        "line MUG": 448,
        "tax MUG de": 85,
        "line TEE": 336,
        "shipping parcel": 110,
        "tax parcel de": 21,
    }
    assert shares(refund()) == {
        "line MUG": 1552,
        "tax MUG de": 295,
        "line TEE": 1164,
        "shipping parcel": 380,
        "tax parcel de": 72,
    }
    assert Attempt.objects.get().refunded_minor == 4463
    assert_in_order()


def test_an_item_goes_back_with_the_taxes_on_it_and_nothing_else() -> None:
    sell()
    one_mug = refund(None, Wanted("MUG", money=eur(1190)))
    assert (one_mug.amount_minor, shares(one_mug)) == (1190, {"line MUG": 1000, "tax MUG de": 190})
    rest = refund(None, Wanted("MUG"), Wanted("parcel", "de"))
    assert (rest.amount_minor, shares(rest)) == (1283, {"line MUG": 1000, "tax MUG de": 190, "tax parcel de": 93})
    assert refunded() == NOTHING | {"line MUG": 2000, "tax MUG de": 380, "tax parcel de": 93}
    assert_in_order()


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda: refund(None, Wanted("MUG", money=eur(2381))), "refund_exceeds_part"),
        (lambda: refund(None, Wanted("CAP")), "unknown_part"),
        (lambda: refund(eur(4464)), "refund_exceeds_capture"),
    ],
)
def test_what_is_not_left_is_refused_and_nothing_is_promised(ask: Callable[[], Refund], code: str) -> None:
    sell()
    with pytest.raises(PaymentRefused) as refusal:
        ask()
    assert refusal.value.code == code
    assert (Refund.objects.count(), RefundPart.objects.count(), Attempt.objects.get().refunded_minor) == (0, 0, 0)


def test_what_has_gone_back_of_an_item_does_not_go_back_again() -> None:
    sell()
    refund(None, Wanted("TEE"))
    with pytest.raises(PaymentRefused) as refusal:
        refund(None, Wanted("TEE"))
    assert refusal.value.code == "nothing_to_refund"


@pytest.mark.parametrize("end", [RefundFailed("re_1", reason="x"), RefundCanceled("re_1", reason="x")])
def test_a_refund_that_comes_to_nothing_frees_its_parts(end: RefundFailed | RefundCanceled) -> None:
    sell()
    settle(refund(None, Wanted("TEE")), end)
    assert refunded() == NOTHING
    assert shares(refund(None, Wanted("TEE"))) == {"line TEE": 1500}
    assert_in_order()


def test_of_twenty_that_want_the_same_item_back_one_gets_it() -> None:
    sell()
    outcomes = crowd(20, lambda _: refund(None, Wanted("TEE")).amount_minor)
    refused = [outcome.code for outcome in outcomes if isinstance(outcome, PaymentRefused)]
    assert [outcome for outcome in outcomes if outcome == 1500] == [1500]
    assert refused == ["nothing_to_refund"] * 19
    assert (Attempt.objects.get().refunded_minor, refunded()) == (1500, NOTHING | {"line TEE": 1500})
    assert_in_order()


def test_a_cart_that_changed_after_a_decline_is_what_the_next_attempt_is_for() -> None:
    # Given
    first = itemised.begin(charge_of())
    with transaction():
        settle_attempt(attempt_uuid=first, outcome=DECLINED, now=NOW)
    # When
    itemised.begin(charge_of((TEE,), eur(1500)))
    # Then
    assert refunded() == {"line TEE": 0}


def test_a_payment_that_does_not_say_what_it_is_for_is_refunded_as_before() -> None:
    sell(charge_of((), TOTAL))
    assert shares(refund(eur(100))) == {}
    with pytest.raises(PaymentRefused) as refusal:
        refund(None, Wanted("MUG"))
    assert refusal.value.code == "unknown_part"
    assert_in_order()


def test_what_was_shipped_comes_off_revenue_and_taxes_and_the_rest_off_what_is_owed() -> None:
    # Given the mugs have left, in the parcel
    sell()
    sent = (MUG, MUG_TAX, PARCEL, PARCEL_TAX)
    ship(*sent)
    # When all goes back
    paid_back = refund(earned=sent)
    # Then
    assert balances() == {
        "assets:psp:stripe:receivable": 4463,
        "liabilities:refunds": 4463,
        "revenue:sales": 2000,
        "revenue:shipping": 490,
        "revenue:refunds": 2490,
    }
    assert [share.earned_minor for share in paid_back.shares.order_by("pk")] == [2000, 380, 0, 490, 93]
    # When the PSP pays, and the buyer's bank sends it back
    settle(paid_back, RefundSucceeded("re_1", TOTAL))
    settle(paid_back, RefundFailed("re_1", reason="account_closed"))
    # Then the books are as before the refund
    assert balances() == {
        "assets:psp:stripe:receivable": 4463,
        "liabilities:orders": 1500,
        "liabilities:tax:de": 473,
        "revenue:sales": 2000,
        "revenue:shipping": 490,
    }
    assert_in_order()


def test_of_a_line_shipped_in_part_what_is_still_owed_goes_back_first() -> None:
    # Given one mug of two has left
    sell()
    one = (Part(PartKind.LINE, "MUG", eur(1000)), Part(PartKind.TAX, "MUG", eur(190), jurisdiction="de"))
    ship(*one)
    # When one mug goes back, and then the other
    first = refund(None, Wanted("MUG", money=eur(1190)), earned=one)
    second = refund(None, Wanted("MUG"), earned=one)
    # Then
    assert [[each.earned_minor for each in made.shares.order_by("pk")] for made in (first, second)] == [
        [0, 0],
        [1000, 190],
    ]
    assert balances()["liabilities:orders"] == 2083
    assert balances()["revenue:refunds"] == 1000
    assert_in_order()


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["all", "MUG", "TEE", "parcel"]),
        st.integers(1, 100),  # how much of what is left: per cent
        st.sampled_from(["pending", "paid", "returned", "canceled"]),
    ),
    max_size=5,
)


def test_any_mix_of_refunds_ends_at_zero_for_each_part_and_in_the_books() -> None:
    @hypothesis_settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
    @given(STEPS, st.sampled_from([(), PARTS, (MUG, MUG_TAX)]))
    def ends_at_zero(steps: list[tuple[str, int, str]], earned: tuple[Part, ...]) -> None:
        # Given a sale of which some, all or nothing has left
        order = f"chk_{PaymentIntent.objects.count()}"
        sell(charge_of(order=order))
        if earned:
            ship(*earned, order=order)
        # When some of it goes back, and the rest after that
        for what, percent, end in [*steps, ("all", 100, "paid")]:
            _pay_back(order, what, percent, end, earned)
        # Then
        assert refunded(order=order) == dict(zip(NOTHING, (part.money.amount_minor for part in PARTS), strict=True))

    ends_at_zero()
    left = balances()
    assert left.keys() <= {"assets:psp:stripe:receivable", "liabilities:refunds", "revenue:refunds", *EARNED}
    assert left.get("revenue:refunds", 0) == sum(left.get(code, 0) for code in EARNED)
    assert left.get("assets:psp:stripe:receivable", 0) == left.get("liabilities:refunds", 0)
    assert_in_order()


def _pay_back(order: str, what: str, percent: int, end: str, earned: tuple[Part, ...]) -> None:
    left = [part.money.amount_minor for part in PARTS]
    kept = {
        name: minor - back
        for name, minor, back in zip(NOTHING, left, refunded(order=order).values(), strict=True)
        if what in ("all", name.split()[1])
    }
    if (minor := sum(kept.values()) * percent // 100) == 0:
        return
    money = eur(minor)
    made = (
        refund(money, earned=earned, order=order)
        if what == "all"
        else refund(None, Wanted(what, money=money), earned=earned, order=order)
    )
    news: dict[str, list[RefundOutcome]] = {
        "pending": [],
        "paid": [RefundSucceeded(made.public_id, money)],
        "returned": [RefundSucceeded(made.public_id, money), RefundFailed(made.public_id, reason="x")],
        "canceled": [RefundCanceled(made.public_id, reason="x")],
    }
    for outcome in news[end]:
        settle(made, outcome)
