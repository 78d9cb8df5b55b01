"""A hold that ends when a part of it was captured: nothing more of the order is paid for."""

import pytest
from django_subatomic.db import transaction

from checkout.errors import OrderRefused
from checkout.models import Order
from checkout.review_order import hear
from exactly_once.models import OutboxEvent
from exactly_once.outbox import OutboxMessage
from payments.client_verbs import capture_intent
from payments.models import Attempt, Refund
from payments.psp.outcomes import Expired
from payments.settle_attempt import settle_attempt
from tests.checkout.buyers import CLIENT
from tests.checkout.orders import books, cancel, capture_all, review, sell_mugs, ship, wrong
from tests.factories import NOW

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]


def hold_runs_out() -> None:
    attempt = Attempt.objects.get()
    with transaction():
        settle_attempt(attempt_uuid=attempt.uuid, outcome=Expired(str(attempt.psp_reference)), now=NOW)


def test_what_was_never_captured_is_not_paid_back() -> None:
    # Given one of two mugs shipped and captured: EUR 12.90 and 4.90 for the parcel
    mug, order = sell_mugs(2, at_shipping=True, psp="adyen")
    ship(order, (mug, 1))
    capture_all()
    hold_runs_out()
    assert (Attempt.objects.get().state, Attempt.objects.get().captured_minor) == ("captured", 1780)
    # When
    cancel(order)
    # Then the buyer owes for the mug that they have
    assert list(Refund.objects.values_list("amount_minor", flat=True)) == [], (books("liabilities:orders"), wrong())
    assert (books("liabilities:orders"), wrong()) == ([0], [])


def test_what_is_no_longer_held_is_not_shipped() -> None:
    # Given
    mug, order = sell_mugs(2, at_shipping=True, psp="adyen")
    ship(order, (mug, 1))
    capture_all()
    # When
    hold_runs_out()
    # Then
    assert review(order) == "manual_review"
    with pytest.raises(OrderRefused):
        ship(order)


def test_what_was_let_go_of_by_a_final_capture_of_less_is_not_shipped() -> None:
    # Given
    _, order = sell_mugs(2, at_shipping=True)
    # When
    with transaction():
        capture_intent(client=CLIENT, intent_id=str(order.payment_intent), amount_minor=100, final=True, now=NOW)
    capture_all()
    # Then
    assert review(order) == "manual_review"
    with pytest.raises(OrderRefused):
        ship(order)


def test_the_end_of_a_hold_in_part_has_its_order_looked_at() -> None:
    # Given
    mug, order = sell_mugs(2, at_shipping=True, psp="adyen")
    ship(order, (mug, 1))
    capture_all()
    # When
    hold_runs_out()
    news = OutboxEvent.objects.get(type="authorization.ended")
    hear(OutboxMessage(news.pk, news.aggregatetype, news.aggregateid, 1, news.type, 1, news.payload, news.occurred_at))
    # Then
    assert (news.payload["amount_minor"], news.payload["captured_minor"]) == (1290, 1780)
    assert Order.objects.get().state == "manual_review"


def test_what_is_canceled_first_is_what_was_never_taken_and_the_rest_is_shipped() -> None:
    # Given EUR 20.00 of EUR 30.70, for good
    mug, order = sell_mugs(2, at_shipping=True)
    with transaction():
        capture_intent(client=CLIENT, intent_id=str(order.payment_intent), amount_minor=2000, final=True, now=NOW)
    capture_all()
    assert review(order) == "manual_review"
    # When
    body = cancel(order, (mug, 1))
    # Then what is left over is paid back, and the other mug is paid for
    assert (body["state"], Refund.objects.get().amount_minor) == ("confirmed", 2000 - 1780)
    assert ship(order)["state"] == "shipped"
    assert (books("liabilities:orders"), wrong()) == ([0], [])
