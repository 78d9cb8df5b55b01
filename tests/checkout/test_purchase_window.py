"""A client that forgot its key and begins anew does not charge its buyer twice."""

import json
import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django_subatomic.db import transaction

from checkout.complete_session import Payment, complete_session
from checkout.locks import lock_stock_items
from checkout.models import Order, StockItem
from checkout.purchase_window import WINDOW
from exactly_once.keys import KeyedRequest, StoredResponse
from payments.create_intent import Method
from payments.models import Attempt
from payments.routing import Token
from tests.checkout.buyers import CLIENT, open_session, open_shop, pay, refuse
from tests.concurrency.crowd import everyone
from tests.factories import NOW
from tests.psp import Psp

pytestmark = pytest.mark.django_db(transaction=True)

ADA = "ada@example.com"


def pay_again(session_id: str, *, not_duplicate_of: str) -> StoredResponse:
    return complete_session(
        keyed=KeyedRequest(client=CLIENT, key=f"again-{session_id}", fingerprint=b"a" * 32),
        session_id=session_id,
        payment=Payment(Method((Token("stripe", "pm_card_visa"),)), not_duplicate_of=not_duplicate_of),
        now=NOW,
        refuse=refuse,
    )


def test_the_same_purchase_in_a_new_session_is_refused_before_the_psp_is_asked(psp: Psp) -> None:
    # Given
    shop = open_shop()
    first, second = open_session(shop, email=ADA), open_session(shop, email="Ada@example.com")
    pay(first)
    # When
    answer = pay(second, key="k")
    # Then
    problem = json.loads(answer.body)
    assert (answer.status, problem["code"], problem["earlier_session"]) == (409, "possible_duplicate", first)
    assert Attempt.objects.count() == 1
    assert len(psp.charges()) == 1
    # And the answer is kept
    assert pay(second, key="k") == StoredResponse(409, answer.body, answer.content_type, replayed=True)


def test_whoever_names_the_earlier_one_buys_again(psp: Psp) -> None:
    # Given
    shop = open_shop()
    first, second = open_session(shop, email=ADA), open_session(shop, email=ADA)
    pay(first)
    # When another one is named, and when the right one is
    assert pay_again(second, not_duplicate_of="chk_other").status == 409
    third = open_session(shop, email=ADA)
    assert pay_again(third, not_duplicate_of=first).status == 200
    # Then
    assert Order.objects.count() == len(psp.charges()) == 2


@pytest.mark.parametrize(
    ("quantity", "email", "later"),
    [(2, ADA, timedelta()), (1, "eve@example.com", timedelta()), (1, ADA, WINDOW)],
    ids=["another cart", "another buyer", "later"],
)
def test_another_purchase_is_none_of_the_same(psp: Psp, quantity: int, email: str, later: timedelta) -> None:
    shop = open_shop()
    pay(open_session(shop, email=ADA))

    assert pay(open_session(shop, quantity, email=email), now=NOW + later).status == 200
    assert len(psp.charges()) == 2


def test_after_a_decline_the_same_purchase_may_be_tried_in_a_new_session(psp: Psp) -> None:
    shop = open_shop()
    assert pay(open_session(shop, email=ADA), "pm_card_chargeDeclined").status == 402

    assert pay(open_session(shop, email=ADA)).status == 200
    assert sorted(captured for _, captured, _ in psp.charges()) == [0, 1290]


def test_of_ten_that_begin_anew_at_once_one_buys(psp: Psp) -> None:
    # Given
    shop = open_shop()
    sessions = [open_session(shop, email=ADA) for _ in range(10)]
    # When
    answers = everyone(10, lambda number: pay(sessions[number]).status)
    # Then
    assert Counter(answers) == {200: 1, 409: 9}
    assert len(psp.charges()) == Order.objects.count() == 1


def test_whoever_is_refused_waits_for_no_stock_and_holds_none_up(psp: Psp) -> None:
    # Given a shelf that somebody else is at
    shop = open_shop()
    first, second = open_session(shop, email=ADA), open_session(shop, email=ADA)
    pay(first)
    refused, locked = threading.Event(), threading.Event()

    def act(number: int) -> int:
        if number == 0:
            with transaction():
                lock_stock_items(places=StockItem.objects.values_list("variant_id", "location_id"))
                locked.set()
                assert refused.wait(timeout=30)
            return 0
        assert locked.wait(timeout=30)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '200ms'")
            return pay(second).status
        finally:
            refused.set()
            with connection.cursor() as cursor:
                cursor.execute("RESET lock_timeout")

    # Then
    assert everyone(2, act) == [0, 409]
