"""People see in the admin what has become of an order, its refunds and disputes included."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from checkout.models import Cancellation, Return, Shipment
from payments.models import Refund
from tests.checkout.orders import cancel, open_taxed_shop, sell, ship, take_back

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]


def test_the_page_of_an_order_shows_all_that_has_become_of_it() -> None:
    # Given
    mug, pot = open_taxed_shop()
    order = sell((mug, 2), (pot, 1))
    ship(order, (mug, 2), carrier="DHL", tracking_number="42")
    cancel(order)
    take_back(order, (mug, 1))
    browser = Client()
    browser.force_login(User.objects.create_superuser("boss", password="correct horse battery"))
    # When
    page = browser.get(reverse("admin:checkout_order_change", args=[order.pk])).content.decode()
    # Then
    events = [model.objects.get().public_id for model in (Shipment, Cancellation, Return)]
    assert [event for event in events if event not in page] == []
    for refund in Refund.objects.all():
        assert f"refund {refund.public_id}: EUR 12.90, pending" in page
    # And each event has its units
    shipment = browser.get(reverse("admin:checkout_shipment_change", args=[Shipment.objects.get().pk]))
    assert f"2 x {mug.sku}" in shipment.content.decode()
