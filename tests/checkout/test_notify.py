"""The buyer is told by mail, text and page, under an id by which a second copy is known."""

from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_subatomic.db import transaction

from exactly_once.event_types import upcast
from exactly_once.models import OutboxEvent
from exactly_once.outbox import OutboxMessage, subscribers
from ledger.money import Money
from payments.models import Attempt
from payments.psp.outcomes import Approved
from payments.psp.registry import get_adapter
from payments.settle_attempt import settle_attempt
from tests.checkout.orders import cancel, open_taxed_shop, pay_back, sell, sell_mugs, ship, take_back
from tests.factories import NOW

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]

HANDLERS = {
    "order.confirmed": "confirm_order",
    "order.shipped": "tell_shipped",
    "order.canceled": "tell_canceled",
    "order.returned": "tell_returned",
    "refund.succeeded": "tell_refunded",
}


def sent(event_type: str) -> EmailMultiAlternatives:
    """Have the last event of a type heard; return the mail that went out."""
    event = OutboxEvent.objects.filter(type=event_type).latest("pk")
    payload = upcast(type=event_type, version=event.schema_version, payload=event.payload)
    hear(event_type, payload, event.pk)
    found = mail.outbox[-1]
    assert isinstance(found, EmailMultiAlternatives)
    return found


def hear(event_type: str, payload: dict[str, Any], pk: Any) -> None:
    message = OutboxMessage(pk, "order", "ord_1", 1, event_type, 1, payload, NOW)
    subscribers(event_type)[HANDLERS[event_type]](message)


def page(message: EmailMultiAlternatives) -> str:
    ((content, kind),) = message.alternatives
    assert kind == "text/html"
    return str(content)


def test_an_order_is_confirmed() -> None:
    # Given
    mug, order = sell_mugs(2)
    # When
    message = sent("order.confirmed")
    # Then
    assert (message.to, message.subject) == ([order.buyer_email], f"Your order {order.public_id}")
    assert message.body == (
        f"Thank you. We have received your order {order.public_id} of EUR 30.70 for:\n  2 x {mug.product.name}\n"
    )
    assert f"<li>2 \N{MULTIPLICATION SIGN} {mug.product.name}</li>" in page(message)


def test_an_order_says_itself_what_was_bought() -> None:
    # Given
    mug, _ = open_taxed_shop()
    sell((mug, 1))
    event = OutboxEvent.objects.get(type="order.confirmed")
    # When
    with CaptureQueriesContext(connection) as asked:
        hear(event.type, event.payload, event.pk)
    # Then
    assert len(asked) == 0


def test_an_order_of_the_first_version_is_confirmed_by_the_same_mail() -> None:
    # Given
    mug, _ = open_taxed_shop()
    sell((mug, 1))
    today = sent("order.confirmed")
    event = OutboxEvent.objects.get(type="order.confirmed")
    older = [{"sku": line["sku"], "quantity": line["quantity"]} for line in event.payload["line_items"]]
    # When
    payload = upcast(type=event.type, version=1, payload={**event.payload, "line_items": older})
    hear(event.type, payload, event.pk)
    # Then
    assert mail.outbox[-1].body == today.body


def test_a_second_copy_bears_the_same_id() -> None:
    # Given
    mug, _ = open_taxed_shop()
    sell((mug, 1))
    # When
    one, other = sent("order.confirmed"), sent("order.confirmed")
    # Then
    event = OutboxEvent.objects.get(type="order.confirmed")
    assert one.extra_headers == other.extra_headers == {"Message-ID": f"<{event.pk}.confirmed@localhost>"}


def test_a_shipment_says_how_it_can_be_followed_and_what_is_still_to_come() -> None:
    # Given
    mug, order = sell_mugs(2)
    # When
    ship(
        order, (mug, 1), carrier="Parcels & Co", tracking_number="42", tracking_url="https://parcels.example/42?a=1&b=2"
    )
    part = sent("order.shipped")
    ship(order)
    last = sent("order.shipped")
    # Then
    assert part.subject == f"A part of your order {order.public_id} is on its way"
    assert part.body == (
        f"This is on its way to you:\n  1 x {mug.product.name}\n\nSent by Parcels & Co, number 42.\n"
        "Follow it at https://parcels.example/42?a=1&b=2\n\nThe rest of your order follows.\n"
    )
    assert '<a href="https://parcels.example/42?a=1&amp;b=2">' in page(part)
    assert (last.subject, last.body) == (
        f"Your order {order.public_id} is on its way",
        f"This is on its way to you:\n  1 x {mug.product.name}\n",
    )


def test_what_is_canceled_returned_and_paid_back_is_told() -> None:
    # Given
    mug, order = sell_mugs(3)
    # When
    cancel(order, (mug, 1))
    canceled = sent("order.canceled")
    pay_back()
    refunded = sent("refund.succeeded")
    ship(order)
    take_back(order, (mug, 1), refund=False)
    returned = sent("order.returned")
    # Then
    assert (canceled.subject, canceled.body) == (
        f"A part of your order {order.public_id} is canceled",
        f"This will not be sent:\n  1 x {mug.product.name}\n\nWhat you have paid for it is on its way back to you.\n",
    )
    assert refunded.body == (
        f"We have paid EUR 12.90 back to you for your order {order.public_id}."
        " Your bank may take some days to show it.\n"
    )
    assert returned.body == f"This is back with us:\n  1 x {mug.product.name}\n"


def test_a_charge_too_many_is_told_as_one() -> None:
    # Given an order whose payment succeeds once more, behind our back
    _, order = sell_mugs(1)
    kept = Attempt.objects.get()
    late = get_adapter(psp="stripe", account="main").authorize(
        key="late",
        attempt_id=kept.uuid,
        money=Money(order.total_minor, "EUR"),
        token="pm_card_visa",
        capture=True,
        description="",
    )
    assert isinstance(late, Approved)
    with transaction():
        settle_attempt(attempt_uuid=kept.uuid, outcome=late, now=NOW)
    # When
    pay_back()
    refunded = sent("refund.succeeded")
    # Then
    assert refunded.subject == f"A charge too many for your order {order.public_id} is paid back"
    assert refunded.body == (
        f"A charge of EUR 17.80 for your order {order.public_id} was one too many. We have paid it back to you;"
        " your order stays as it is. Your bank may take some days to show it.\n"
    )
    assert f"your order {order.public_id} was one too many" in page(refunded)


def test_what_was_only_held_is_told_not_to_be_charged() -> None:
    # Given
    _, order = sell_mugs(1, at_shipping=True)
    # When
    cancel(order)
    # Then
    message = sent("order.canceled")
    assert message.subject == f"Your order {order.public_id} is canceled"
    assert message.body.endswith("You are not charged for it.\n")


def test_a_refund_of_what_is_no_order_is_not_told() -> None:
    told = {"id": "re_1", "order_reference": "pi_1", "amount_minor": 1, "currency": "EUR", "state": "succeeded"}

    hear("refund.succeeded", told, "evt_1")

    assert mail.outbox == []
