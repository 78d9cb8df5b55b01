"""Verify notices each kind of damage to orders, stock and payments, and nothing where all is well."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db.models import Model
from django_subatomic.db import transaction

from checkout.models import (
    Cart,
    CheckoutSession,
    Discount,
    DiscountRedemption,
    Order,
    OrderLine,
    Reservation,
    SessionLine,
    StockItem,
)
from config.verification import all_checks
from exactly_once.models import IdempotencyKey, InboxEvent, OutboxEvent
from ledger import journal
from ledger.money import Money
from payments.client_verbs import refund_intent
from payments.models import Attempt, PaymentIntent, Refund
from payments.posting_rules import refund_requested
from payments.tasks import pay_back
from tests.checkout.buyers import CLIENT, open_session, open_shop, pay
from tests.checkout.carts import open_cart
from tests.factories import NOW
from tests.psp import Psp
from tests.triggers import past_the_triggers

pytestmark = pytest.mark.django_db(transaction=True)

LONG_AGO = "2020-01-01T00:00:00Z"


def _change(model: type[Model], **values: object) -> Callable[[], object]:
    def change() -> None:
        with past_the_triggers():
            model._default_manager.update(**values)

    return change


def _remove(*tables: str) -> Callable[[], object]:
    def remove() -> None:
        with past_the_triggers() as cursor:
            for table in tables:
                cursor.execute(f"DELETE FROM {table}")

    return remove


def _event(state: str) -> None:
    InboxEvent.objects.create(source="stripe", account="main", event_id="evt_1", state=state, received_at=LONG_AGO)


def _refund() -> None:
    with past_the_triggers():
        Attempt.objects.update(refunded_minor=1)
        Refund.objects.create(attempt=Attempt.objects.get(), amount_minor=1, currency="EUR", created_at=LONG_AGO)


def _owe(minor: int = 1, order_reference: str = "chk_1") -> None:
    money = Money(minor, "EUR")
    draft = refund_requested(refund_id="re_1", money=money, order_reference=order_reference, now=NOW)
    with transaction():
        journal.post(book="shop", drafts=draft)


def _owe_too_much() -> None:
    _owe(1291, CheckoutSession.objects.get().public_id)


def _redeem() -> None:
    discount = Discount.objects.create(code="TEA", title="Tea", kind="percent", percent=10)
    row = {"discount": discount, "session": CheckoutSession.objects.get(), "redeemer": "email:ada@example.com"}
    DiscountRedemption.objects.create(**row, created_at=NOW, updated_at=NOW)


def _order_a_cart() -> None:
    cart = open_cart()
    with past_the_triggers():
        Cart.objects.filter(public_id=cart).update(state="ordered")


def _pay_a_cart() -> None:
    cart = open_cart()
    with past_the_triggers():
        Cart.objects.filter(public_id=cart).update(state="paying")


def _open_a_cart() -> None:
    cart = open_cart()
    CheckoutSession.objects.update(cart=Cart.objects.get(public_id=cart))


NOTHING_LEFT = "nothing stays owed in goods of an order that is shipped or canceled"

DAMAGE: dict[str, tuple[Callable[[], object], str]] = {
    "stock without a movement": (_change(StockItem, on_hand=99), "stock equals the sum of its movements"),
    "a reservation let go behind the stock's back": (
        _change(Reservation, state="released"),
        "reserved stock equals the live reservations",
    ),
    "units said to be shipped that are still there": (
        _change(Reservation, state="consumed"),
        "consumed reservations equal the stock that has left",
    ),
    "an order that vanished": (
        _remove("checkout_orderline", "checkout_order"),
        "orders and payments match one to one",
    ),
    "an order for another sum": (
        _change(Order, subtotal_minor=1, total_minor=1),
        "orders and payments match one to one",
    ),
    "an order for more than its lines": (
        _change(Order, subtotal_minor=1291, discount_minor=1),
        "totals of orders add up, and are those of their lines",
    ),
    "a session whose line costs something else": (
        _change(SessionLine, unit_amount_minor=1291),
        "totals of sessions add up, and are those of their lines",
    ),
    "an order for another sum than its session": (
        _change(CheckoutSession, subtotal_minor=1291, total_minor=1291),
        "an order costs what the buyer saw",
    ),
    "goods that are owed of what was canceled": (_change(OrderLine, canceled=1), NOTHING_LEFT),
    "goods that are owed less than nothing of": (_owe_too_much, NOTHING_LEFT),
    "a tax of nobody": (_change(OrderLine, tax_minor=1), "the taxes of each row of checkout_orderline"),
    "more tax within a price than there is": (
        _change(SessionLine, taxes=[{"jurisdiction": "de", "inclusive": True, "amount_minor": 1291}]),
        "the taxes of each row of checkout_sessionline",
    ),
    "a use of a discount that is not counted": (_redeem, "a discount counts its live redemptions"),
    "a discount that is held for a session that is over": (
        _redeem,
        "held for payments under way alone",
    ),
    "an order with a discount that nobody redeemed": (
        _change(Order, discount_title="10 % off"),
        "a discount is redeemed by each order that has one",
    ),
    "a session reopened after its order": (
        _change(CheckoutSession, state="ready_for_complete"),
        "a session is completed exactly if it has an order",
    ),
    "a cart ordered without a session": (_order_a_cart, "a cart is ordered exactly if a session of it is completed"),
    "a completed session whose cart is still open": (_open_a_cart, "a cart is ordered exactly if a session of it"),
    "a cart that nobody pays for": (_pay_a_cart, "a cart is being paid exactly if a session of it is"),
    "stock held for a session that is over": (
        _change(Reservation, state="held"),
        "stock is held only while a payment is under way",
    ),
    "a session that waits since years": (
        _change(CheckoutSession, state="complete_in_progress", updated_at=LONG_AGO),
        "no session waits for its payment",
    ),
    "a capture that nobody posted": (_remove("ledger_transaction"), "every capture is posted once"),
    "a success without a capture": (
        _change(Attempt, state="declined", captured_minor=0),
        "a succeeded intent has exactly one capture",
    ),
    "a refund that nobody asked for": (_change(Attempt, refunded_minor=5), "refunds <= captured <= asked"),
    "another sum at the PSP than in the books": (
        _change(Attempt, captured_minor=1289),
        "receivables and refunds owed equal the ledger's",
    ),
    "an outcome unknown since years": (
        _change(Attempt, state="unknown", captured_minor=0, submitted_at=LONG_AGO),
        "no outcome unknown",
    ),
    "a buyer who has been asked by the bank since years": (
        _change(Attempt, state="requires_action", captured_minor=0, submitted_at=LONG_AGO),
        "no outcome unknown",
    ),
    "a refund that is pending since years": (_refund, "no refund open"),
    "a refund that is owed in the books only": (_owe, "receivables and refunds owed equal the ledger's"),
    "an event that nobody dealt with": (lambda: _event("received"), "every inbox event has had its effect"),
}


@pytest.mark.parametrize("damage", list(DAMAGE))
def test_damage_is_found_and_named(psp: Psp, damage: str) -> None:
    # Given a sale
    pay(open_session(open_shop()))
    assert [check.name for check in all_checks(now=datetime.now(UTC)) if not check.passed] == []
    # When
    harm, named = DAMAGE[damage]
    harm()
    # Then
    assert any(named in check.name for check in all_checks(now=datetime.now(UTC)) if not check.passed)


def test_an_order_that_is_paid_back_stays_an_order(psp: Psp) -> None:
    # Given
    pay(open_session(open_shop()))
    intent = PaymentIntent.objects.get().public_id
    # When
    with transaction():
        refund_intent(client=CLIENT, intent_id=intent, amount_minor=None, reason="duplicate", now=NOW)
    pay_back(str(Refund.objects.get().uuid))
    # Then
    assert [row.refunded_minor for row in Attempt.objects.all()] == [1290]
    assert [check.name for check in all_checks(now=datetime.now(UTC)) if not check.passed] == []


def test_an_empty_house_is_in_order() -> None:
    assert [check for check in all_checks(now=datetime.now(UTC)) if not check.passed] == []
    assert {model.objects.count() for model in (Order, PaymentIntent, IdempotencyKey, OutboxEvent)} == {0}
