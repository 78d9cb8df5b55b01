"""Any id of a payment leads to its story, and what leads nowhere is told."""

import uuid
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from checkout.models import Order
from config.story.find import find
from exactly_once.models import InboxEvent
from payments.models import Attempt, Payout, Refund
from tests.checkout.orders import open_taxed_shop
from tests.config.story.full_story import PAYOUT, sold, webhook, whole
from tests.payments.holding import begin

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]

IDS: dict[str, Callable[[Order], object]] = {
    "session": lambda order: order.session.public_id,
    "order": lambda order: order.public_id,
    "e-mail": lambda order: order.buyer_email.upper(),
    "shipment": lambda order: order.shipments.get().public_id,
    "return": lambda order: order.returns.get().public_id,
    "intent": lambda order: order.payment_intent,
    "attempt": lambda _: Attempt.objects.get().uuid,
    "capture": lambda _: Attempt.objects.get().captures.get().public_id,
    "refund": lambda _: Refund.objects.get().public_id,
    "PSP's payment": lambda _: Attempt.objects.get().psp_reference,
    "PSP's refund": lambda _: Refund.objects.get().psp_reference,
    "PSP's event": lambda _: "evt_paid",
    "PSP's event that changes nothing": lambda _: "evt_new",
    "card": lambda _: "4242",
}


def test_any_id_leads_to_the_story() -> None:
    order = whole()

    found = {name: [hit.reference for hit in find(words=f" {id_of(order)} ")] for name, id_of in IDS.items()}

    assert found == {name: [order.session.public_id] for name in IDS}


@pytest.mark.parametrize("words", [PAYOUT, "17.25", "17,25"])
def test_a_payout_is_found_by_its_id_and_by_its_sum(words: str) -> None:
    whole()

    assert [hit.reference for hit in find(words=words)] == [Payout.objects.get().public_id]
    assert [hit.kind for hit in find(words=Payout.objects.get().public_id)] == ["payout"]


def test_a_mail_address_of_several_orders_leads_to_a_list_with_the_newest_first(viewer: Client) -> None:
    mug, _ = open_taxed_shop()
    orders = [sold(mug, quantity) for quantity in (1, 2)]
    for order in orders:
        type(order.session).objects.filter(pk=order.session.pk).update(buyer_email="Ada@Example.com")

    page = viewer.get(reverse("admin:story"), {"q": "ada@example.com"})

    assert page.status_code == 200
    assert {hit.reference for hit in page.context["hits"]} == {order.session.public_id for order in orders}


@pytest.mark.parametrize("words", ["", "nothing-of-ours", "x" * 400, "\u202e", "0", "1e999", str(uuid.UUID(int=7))])
def test_an_empty_result_says_what_can_be_looked_for(words: str, viewer: Client) -> None:
    page = viewer.get(reverse("admin:story"), {"q": words})

    assert (page.status_code, page.context["hits"]) == (200, [])
    assert "last four digits" in page.content.decode()


def test_a_webhook_that_waits_is_found_by_what_it_speaks_of() -> None:
    # Given an event of a payment that is not ours yet
    uuid_ = begin(captures_at_once=True)
    stranger = {"id": "pi_stranger", "status": "succeeded", "amount": 1, "currency": "eur", "metadata": {}}
    # When
    webhook("evt_stranger", "payment_intent.succeeded", stranger)
    # Then
    event = InboxEvent.objects.get()
    assert (event.state, event.subjects) == ("parked", ["pi_stranger"])
    # When it turns out to be ours
    Attempt.objects.filter(uuid=uuid_).update(psp_reference="pi_stranger")
    # Then
    assert [hit.reference for hit in find(words="evt_stranger")] == ["chk_1"]
