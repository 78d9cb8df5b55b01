"""A use of a discount: held while its session is being paid, redeemed by the order, given back otherwise."""

import json
from typing import Any

import pytest
from django.db import IntegrityError
from django.db.transaction import atomic
from django_subatomic.db import transaction

from checkout.cancel_session import cancel_session
from checkout.expire import expire_hold, expire_session
from checkout.models import CheckoutSession, Discount, DiscountRedemption, Reservation
from tests.checkout.buyers import CLIENT, nothing_is_wrong, open_session, open_shop, pay
from tests.checkout.shelves import adjust
from tests.factories import NOW, DiscountFactory
from tests.psp import Psp

pytestmark = pytest.mark.django_db(transaction=True)

ADA = "ada@example.com"
CODE: dict[str, Any] = {"discount_code": "TEA10"}


def redemptions() -> list[tuple[str, str]]:
    return list(DiscountRedemption.objects.order_by("pk").values_list("redeemer", "state"))


def redeemed() -> int:
    return Discount.objects.get().redeemed


def test_an_order_redeems_its_discount(psp: Psp) -> None:
    DiscountFactory.create()
    session = open_session(open_shop(), email="Ada@Example.com", **CODE)
    assert redeemed() == 0

    answer = pay(session)

    assert answer.status == 200
    assert [captured for _, captured, _ in psp.charges()] == [1161]
    assert (redemptions(), redeemed()) == ([("email:ada@example.com", "redeemed")], 1)
    assert nothing_is_wrong() == []


def test_a_decline_gives_it_back_and_the_next_card_takes_it_again(psp: Psp) -> None:
    DiscountFactory.create(limit_total=1, limit_per_customer=1)
    session = open_session(open_shop(), email=ADA, **CODE)

    assert pay(session, "pm_card_chargeDeclined").status == 402
    assert (redemptions(), redeemed()) == ([(f"email:{ADA}", "released")], 0)
    assert pay(session).status == 200

    assert (redemptions()[1:], redeemed()) == ([(f"email:{ADA}", "redeemed")], 1)
    assert nothing_is_wrong() == []


def test_it_is_held_while_the_bank_asks_and_given_back_by_who_walks_away(psp: Psp) -> None:
    DiscountFactory.create(limit_total=1)
    shop = open_shop()
    session = open_session(shop, **CODE)
    pay(session, "pm_card_authenticationRequired")
    assert [state for _, state in redemptions()] == ["held"]
    other = open_session(shop, **CODE)
    assert CheckoutSession.objects.get(public_id=other).discount_title == ""

    with transaction():
        cancel_session(session_id=session, client=CLIENT, now=NOW)

    assert ([state for _, state in redemptions()], redeemed()) == (["released"], 0)


def test_it_is_given_back_when_the_time_of_the_bank_is_over(psp: Psp) -> None:
    DiscountFactory.create()
    session = open_session(open_shop(), **CODE)
    pay(session, "pm_card_authenticationRequired")

    Reservation.objects.update(expires_at=NOW)
    assert expire_session(session_id=session, client=CLIENT, now=NOW)

    assert ([state for _, state in redemptions()], redeemed()) == (["released"], 0)


def test_a_payment_that_is_paid_back_gives_it_back(psp: Psp) -> None:
    # Given a payment of which nobody knows, whose stock went to others meanwhile
    DiscountFactory.create()
    session = open_session(open_shop(on_hand=1), **CODE)
    pay(session, "pm_tally_dropReply", key="k")
    later = NOW.replace(hour=13)
    expire_hold(session_id=session, client=CLIENT, now=later)
    adjust(-1)
    assert [state for _, state in redemptions()] == ["held"]
    # When it turns out to have been paid
    answer = pay(session, "pm_tally_dropReply", key="k", now=later)
    # Then
    assert json.loads(answer.body)["code"] == "payment_refunded"
    assert ([state for _, state in redemptions()], redeemed()) == (["released"], 0)


@pytest.mark.parametrize(
    ("first", "second", "applies"),
    [
        ({"email": ADA}, {"email": "ADA@example.com"}, False),
        ({"email": ADA}, {"email": "eve@example.com"}, True),
        ({"email": ADA, "customer": "u-1"}, {"email": "eve@example.com", "customer": "u-1"}, False),
        ({"email": ADA, "customer": "u-1"}, {"email": ADA, "customer": "u-2"}, True),
    ],
)
def test_a_buyer_uses_a_code_as_often_as_one_buyer_can(
    psp: Psp, first: dict[str, Any], second: dict[str, Any], applies: bool
) -> None:
    DiscountFactory.create(limit_per_customer=1)
    shop = open_shop()
    assert pay(open_session(shop, **first, **CODE)).status == 200

    again = open_session(shop, 2, **second, **CODE)

    assert bool(CheckoutSession.objects.get(public_id=again).discount_title) == applies


def test_who_opened_two_sessions_can_pay_one_of_them_at_the_discount(psp: Psp) -> None:
    DiscountFactory.create(limit_per_customer=1)
    shop = open_shop()
    one, two = open_session(shop, 1, email=ADA, **CODE), open_session(shop, 2, email=ADA, **CODE)
    assert pay(one).status == 200

    answer = pay(two)

    problem = json.loads(answer.body)
    assert (answer.status, problem["code"]) == (409, "session_changed")
    assert [message["code"] for message in problem["messages"]] == ["total_changed", "discount_used_by_customer"]
    assert len(psp.charges()) == 1
    assert pay(two).status == 200
    assert sorted(captured for _, captured, _ in psp.charges()) == [1161, 2580]
    assert redeemed() == 1


def test_the_database_knows_the_limits_too(psp: Psp) -> None:
    DiscountFactory.create(limit_total=1, limit_per_customer=1)
    pay(open_session(open_shop(), email=ADA, **CODE))
    first = DiscountRedemption.objects.get()
    second = {"discount": first.discount, "session": first.session, "created_at": NOW, "updated_at": NOW}

    with pytest.raises(IntegrityError, match="discount_within_its_limit"), atomic():
        Discount.objects.update(redeemed=2)
    with pytest.raises(IntegrityError, match="redemption_once_per_session"), atomic():
        DiscountRedemption.objects.create(**second, redeemer="email:eve@example.com", slot=0, slots=1)
    other = open_session(open_shop())
    second["session"] = CheckoutSession.objects.get(public_id=other)
    with pytest.raises(IntegrityError, match="redemption_slot_once"), atomic():
        DiscountRedemption.objects.create(**second, redeemer=first.redeemer, slot=0, slots=1)
    with pytest.raises(IntegrityError, match="redemption_slot_below_the_limit"), atomic():
        DiscountRedemption.objects.create(**second, redeemer=first.redeemer, slot=1, slots=1)
    with pytest.raises(IntegrityError, match="discount_code_once"), atomic():
        DiscountFactory.create(code="tea10")
