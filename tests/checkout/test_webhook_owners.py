"""A client's endpoints hear of the client's orders and payments, and of nobody else's."""

import pytest

from exactly_once import relay
from exactly_once.models import OutboxEvent, WebhookDelivery, WebhookEndpoint
from tests.checkout.buyers import CLIENT, open_session, open_shop, pay
from tests.factories import NOW

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.usefixtures("psp")
def test_an_order_is_told_to_who_sold_it() -> None:
    # Given
    for client in (CLIENT, "cli_other"):
        WebhookEndpoint.objects.create(public_id=f"wep_{client}", client=client, url="https://shop.example")
    pay(open_session(open_shop()))
    # When
    while relay.behind(sink=relay.WEBHOOKS):
        relay.feed_webhooks(now=NOW)
    # Then
    told = set(WebhookDelivery.objects.values_list("endpoint__client", "event__type"))
    assert told == {(CLIENT, "payment_intent.succeeded"), (CLIENT, "order.confirmed")}
    assert OutboxEvent.objects.count() == 2
