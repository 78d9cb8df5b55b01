"""What a PSP tells of one payment leads to the same books and states in every order, however often it comes."""

import json
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.conf import settings as django_settings
from django_subatomic.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import Settings

from checkout.models import CheckoutSession, Variant
from exactly_once import inbox
from exactly_once.models import InboxEvent, OutboxEvent
from ledger.money import Money
from payments.models import Attempt, PaymentIntent, Refund
from payments.refund import request_refund, send_refund
from tests.checkout.buyers import nothing_is_wrong, open_session, open_shop, pay, postings
from tests.factories import NOW
from tests.psp import Psp

pytestmark = pytest.mark.django_db(transaction=True)

EXAMPLES = 200 if os.environ.get("TALLY_ATTACK") == "payments" else 25
LATER = NOW + timedelta(minutes=1)

type Event = dict[str, Any]


def _reply_lost(_psp: Psp, session: str) -> None:
    assert pay(session, "pm_tally_dropReply").status == 202


def _approved_at_the_bank(psp: Psp, session: str) -> None:
    answer = json.loads(pay(session, "pm_card_authenticationRequired").body)
    psp.answer_three_d_secure(answer["next_action"]["url"], "approve")


def _paid_and_refunded(_psp: Psp, session: str) -> None:
    pay(session)
    with transaction():
        request_refund(order_reference=session, money=Money(90, "EUR"), reason="asked", now=NOW)
    send_refund(refund_uuid=Refund.objects.latest("pk").uuid, now=NOW)


def _declined(_psp: Psp, session: str) -> None:
    pay(session, "pm_card_chargeDeclined")


SCENARIOS: dict[str, tuple[Callable[[Psp, str], None], int, tuple[str, str]]] = {
    "the reply was lost": (_reply_lost, 3, ("completed", "succeeded")),
    "the bank asked first": (_approved_at_the_bank, 4, ("completed", "succeeded")),
    "some was paid back": (_paid_and_refunded, 5, ("completed", "succeeded")),
    "the bank declined": (_declined, 3, ("ready_for_complete", "requires_payment_method")),
}


def told_by(psp: Psp) -> list[Event]:
    """Return the PSP's events, the oldest first."""
    key = django_settings.PSP_ACCOUNTS["stripe"]["main"]["api_key"]
    answer: httpx.Response = psp.http.get("/v1/events?limit=100", headers={"Authorization": f"Bearer {key}"})
    return list(reversed(answer.raise_for_status().json()["data"]))


def deliver(event: Event) -> None:
    """Take an event in, and give it its effect; what comes too early is tried again with the others."""
    body = json.dumps(event).encode()
    received = inbox.receive(source="stripe", account="main", event_id=event["id"], headers={}, body=body, now=NOW)
    inbox.process(event_id=received.id, now=LATER)
    for waiting in InboxEvent.objects.exclude(state="processed"):
        inbox.try_again(event_ids=[waiting.pk], now=NOW)
        inbox.process(event_id=waiting.pk, now=LATER)


def outcome(session: str, known_postings: int, known_events: int) -> dict[str, Any]:
    """Return what came of one session, without ids."""
    intent = PaymentIntent.objects.get(order_reference=session)
    return {
        "states": (CheckoutSession.objects.get(public_id=session).state, intent.state),
        "attempts": list(
            Attempt.objects.filter(intent=intent).values_list("state", "captured_minor", "refunded_minor")
        ),
        "refunds": list(Refund.objects.filter(attempt__intent=intent).values_list("state", "amount_minor")),
        "postings": sorted(postings()[known_postings:]),
        "published": sorted(OutboxEvent.objects.order_by("seq").values_list("type", flat=True)[known_events:]),
        "unprocessed": InboxEvent.objects.exclude(state="processed").count(),
    }


@st.composite
def deliveries(draw: st.DrawFn, events: int) -> list[tuple[int, bool]]:
    """Draw an order of so many events, with some of them again, anywhere, under their own id or another one."""
    order = [(place, False) for place in draw(st.permutations(range(events)))]
    again = st.tuples(st.integers(0, events - 1), st.booleans())
    for copy in draw(st.lists(again, max_size=5)):
        order.insert(draw(st.integers(0, len(order))), copy)
    return order


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_order_and_repetition_leads_to_the_same_books(psp: Psp, settings: Settings, scenario: str) -> None:
    settings.PSP_CIRCUIT_LEAST_FAILURES = 1_000_000  # hundreds of lost replies at one moment are the test's own
    # Given a shop, and what comes of the events in the order in which they happened
    assert psp.requests() == 0
    shop = open_shop(on_hand=10_000)
    _, events, states = SCENARIOS[scenario]
    straight = _live(psp, shop, scenario, [(place, False) for place in range(events)])
    assert (straight["states"], straight["unprocessed"]) == (states, 0)

    # When they come in any other way
    @hypothesis_settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
    @given(deliveries(events))
    def is_the_same(order: list[tuple[int, bool]]) -> None:
        # Then
        assert _live(psp, shop, scenario, order) == straight

    is_the_same()
    assert nothing_is_wrong() == []


def _live(psp: Psp, shop: Variant, scenario: str, order: list[tuple[int, bool]]) -> dict[str, Any]:
    psp.http.delete("/_simulator/data").raise_for_status()
    known_postings, known_events = len(postings()), OutboxEvent.objects.count()
    session = open_session(shop)
    act, events, _ = SCENARIOS[scenario]
    act(psp, session)
    told = told_by(psp)[-events:]
    for number, (place, under_another_id) in enumerate(order):
        event = told[place]
        deliver({**event, "id": f"{event['id']}_{number}"} if under_another_id else event)
    return outcome(session, known_postings, known_events)


def test_an_event_in_the_shape_of_an_old_api_version_says_the_same(psp: Psp) -> None:
    # Given a webhook endpoint over there that was made under Stripe's version of 2020
    assert psp.requests() == 0
    shop = open_shop()
    now = _live(psp, shop, "the reply was lost", [(0, False), (1, False), (2, False)])
    # When it tells of another payment
    known_postings, known_events = len(postings()), OutboxEvent.objects.count()
    session = open_session(shop)
    _reply_lost(psp, session)
    for event in told_by(psp)[-3:]:
        deliver(_as_of_2020(event))
    # Then
    assert outcome(session, known_postings, known_events) == now


def _as_of_2020(event: Event) -> Event:
    """Return the event as before 2022-11-15: a PaymentIntent had its charges in it, not the latest one's id."""
    subject = dict(event["data"]["object"])
    if subject["object"] == "payment_intent" and (charge := subject.pop("latest_charge", None)):
        charges = [{"id": charge, "object": "charge", "payment_intent": subject["id"], "status": "succeeded"}]
        subject["charges"] = {"object": "list", "data": charges, "has_more": False}
    return {**event, "api_version": "2020-08-27", "data": {"object": subject}}
