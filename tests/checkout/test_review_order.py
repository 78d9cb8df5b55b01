"""An order whose payment is in trouble waits for people; when the trouble is over it goes on by itself."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django_subatomic.db import transaction
from pytest_django import Settings

from checkout.complete_orders import complete_order, due_orders
from checkout.errors import OrderRefused
from checkout.models import Order
from checkout.review_order import EVENTS, hear
from checkout.tasks import sweep
from exactly_once.models import OutboxEvent
from exactly_once.outbox import OutboxMessage, subscribers
from ledger.money import Money
from payments.client_verbs import capture_intent
from payments.dispute import settle_dispute
from payments.models import Attempt
from payments.psp.news import DisputeEvent
from payments.psp.outcomes import Expired
from payments.settle_attempt import settle_attempt
from payments.states import DisputeState
from tests.checkout.buyers import CLIENT
from tests.checkout.orders import (
    books,
    cancel,
    capture_all,
    fail_capture,
    open_taxed_shop,
    review,
    sell,
    sell_mugs,
    shelf,
    ship,
    wrong,
)
from tests.factories import NOW

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]


def dispute(state: DisputeState) -> None:
    attempt = Attempt.objects.get()
    money = Money(1000, "EUR")
    with transaction():
        settle_dispute(
            attempt=attempt, event=DisputeEvent("du_1", str(attempt.psp_reference), state, money, reason="x"), now=NOW
        )


def events() -> list[str]:
    return list(OutboxEvent.objects.filter(type__startswith="order.").order_by("pk").values_list("type", flat=True))


def test_a_dispute_stops_what_is_not_shipped_until_it_is_won() -> None:
    # Given
    mug, order = sell_mugs(2)
    ship(order, (mug, 1))
    # When
    dispute(DisputeState.NEEDS_RESPONSE)
    # Then
    assert (review(order), review(order)) == ("manual_review", "manual_review")
    with pytest.raises(OrderRefused, match="order_manual_review"):
        ship(order)
    # And
    dispute(DisputeState.WON)
    assert review(order) == "processing"
    assert ship(order)["state"] == "shipped"
    assert events() == ["order.confirmed", "order.shipped", "order.manual_review", "order.resumed", "order.shipped"]
    assert wrong() == []


def test_a_dispute_of_what_is_all_shipped_changes_nothing() -> None:
    _, order = sell_mugs(1)
    ship(order)
    dispute(DisputeState.NEEDS_RESPONSE)

    assert review(order) == "shipped"


def test_a_hold_that_has_run_out_stops_the_order_which_can_be_canceled() -> None:
    # Given
    mug, order = sell_mugs(2, at_shipping=True)
    attempt = Attempt.objects.get()
    # When
    with transaction():
        settle_attempt(attempt_uuid=attempt.uuid, outcome=Expired(str(attempt.psp_reference)), now=NOW)
    # Then
    with pytest.raises(OrderRefused, match="payment_not_held"):
        ship(order)
    assert review(order) == "manual_review"
    assert (cancel(order)["state"], shelf(mug), books("liabilities:orders")) == ("canceled", (10, 0), [0])
    assert wrong() == []


def test_a_capture_that_failed_stops_the_order_until_one_succeeds() -> None:
    # Given
    mug, pot = open_taxed_shop()
    order = sell((mug, 1), (pot, 1), at_shipping=True, psp="adyen")
    ship(order, (mug, 1))
    # When
    assert review(order) == "processing"  # nobody knows yet
    fail_capture()
    assert review(order) == "manual_review"
    # And it is captured through the payments API
    with transaction():
        capture_intent(client=CLIENT, intent_id=str(order.payment_intent), amount_minor=1780, final=False, now=NOW)
    capture_all()
    # Then
    assert review(order) == "processing"
    ship(order)
    capture_all()
    assert (books("liabilities:orders"), wrong()) == ([0], [])


def test_whatever_moves_a_payment_has_its_order_looked_at() -> None:
    # Given
    _, order = sell_mugs(1)
    dispute(DisputeState.NEEDS_RESPONSE)
    news = OutboxEvent.objects.get(type="dispute.needs_response")
    # When
    hear(OutboxMessage(news.pk, news.aggregatetype, news.aggregateid, 1, news.type, 1, news.payload, news.occurred_at))
    # Then
    assert Order.objects.get().state == "manual_review"
    assert {event for event in EVENTS if "review_order" not in subscribers(event)} == set()
    # And what is about no order is nobody's
    hear(OutboxMessage(uuid4(), "dispute", "dp_2", 1, "dispute.lost", 1, {"order_reference": "pi_1"}, NOW))
    assert order.public_id == Order.objects.get().public_id


def test_an_order_is_completed_days_after_it_was_shipped() -> None:
    # Given
    _, order = sell_mugs(1)
    ship(order)
    early, due = NOW + timedelta(days=14, seconds=-1), NOW + timedelta(days=14)
    # When
    named = {"order_id": order.public_id, "client": CLIENT}
    assert (due_orders(now=early, limit=10), complete_order(**named, now=early)) == ([], False)
    assert due_orders(now=due, limit=10) == [(order.public_id, CLIENT)]
    assert (complete_order(**named, now=due), complete_order(**named, now=due)) == (True, False)
    # Then
    assert (Order.objects.get().state, review(order)) == ("completed", "completed")
    assert events()[-1] == "order.completed"
    assert wrong() == []


def test_the_sweeper_completes_what_is_due(settings: Settings) -> None:
    # Given
    mug, _ = open_taxed_shop()
    ship(sell((mug, 1)))
    settings.ORDER_COMPLETED_DAYS = 0
    # When
    sweep()
    # Then
    assert Order.objects.get().state == "completed"
