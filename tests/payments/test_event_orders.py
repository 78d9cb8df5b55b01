"""What a PSP tells of one payment leads to the same books and states in every order, however often it comes.

It may come again, under another id, in the shape of an old API version; among news of another account, and of objects
that we do not know.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from enum import Enum, auto
from typing import Any

import httpx
import pytest
from django.conf import settings as django_settings
from django.db.models import Max
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
from payments.psp.news import Ignored
from payments.psp.registry import get_adapter
from payments.refund import request_refund, send_refund
from tests.campaigns import PAYMENTS
from tests.checkout.buyers import nothing_is_wrong, open_session, open_shop, pay, postings
from tests.factories import NOW
from tests.psp import Psp

pytestmark = pytest.mark.django_db(transaction=True)

EXAMPLES = PAYMENTS.effort(8, 200)
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


class Form(Enum):
    """How an event comes."""

    AS_IT_IS = auto()
    UNDER_ANOTHER_ID = auto()
    OF_AN_OLD_VERSION = auto()
    AT_ANOTHER_ACCOUNT = auto()
    ABOUT_A_STRANGER = auto()


OURS = (Form.AS_IT_IS, Form.UNDER_ANOTHER_ID, Form.OF_AN_OLD_VERSION)

type Order = list[tuple[int, Form]]  # which event, and as what


def formed(event: Event, form: Form, number: int) -> Event:
    """Return the event as it comes in this form, the so-manieth of them."""
    if form is not Form.AS_IT_IS:
        event = {**event, "id": f"{event['id']}_{number}"}
    if form is Form.OF_AN_OLD_VERSION:
        event = _as_of_2020(event)
    return _about_a_stranger(event) if form is Form.ABOUT_A_STRANGER else event


def deliver(event: Event, form: Form, *, since: int) -> None:
    """Take an event in, and give it its effect; what came too early is tried again, as are all after ``since``."""
    account = "other" if form is Form.AT_ANOTHER_ACCOUNT else "main"
    body = json.dumps(event).encode()
    received = inbox.receive(source="stripe", account=account, event_id=event["id"], headers={}, body=body, now=NOW)
    inbox.process(event_id=received.id, now=LATER)
    for waiting in InboxEvent.objects.exclude(state="processed").filter(pk__gt=since):
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
    }


@st.composite
def deliveries(draw: st.DrawFn, events: int) -> Order:
    """Draw an order of so many events, each in one of its forms, with up to five more of any form, anywhere."""
    order = [(place, draw(st.sampled_from(OURS))) for place in draw(st.permutations(range(events)))]
    more = st.tuples(st.integers(0, events - 1), st.sampled_from(Form))
    for copy in draw(st.lists(more, max_size=5)):
        order.insert(draw(st.integers(0, len(order))), copy)
    return order


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_order_and_repetition_leads_to_the_same_books(psp: Psp, settings: Settings, scenario: str) -> None:
    settings.PSP_CIRCUIT_LEAST_FAILURES = 1_000_000  # hundreds of lost replies at one moment are the test's own
    accounts = django_settings.PSP_ACCOUNTS["stripe"]
    settings.PSP_ACCOUNTS = {"stripe": {**accounts, "other": accounts["main"]}}
    # Given a shop, and what comes of the events in the order in which they happened
    assert psp.requests() == 0
    shop = open_shop(on_hand=10_000)
    _, events, states = SCENARIOS[scenario]
    straight = _live(psp, shop, scenario, [(place, Form.AS_IT_IS) for place in range(events)])
    assert straight["states"] == states

    # When they come in any other way
    @hypothesis_settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
    @given(deliveries(events))
    def is_the_same(order: Order) -> None:
        # Then
        assert _live(psp, shop, scenario, order) == straight

    is_the_same()
    # Of all that verify looks at, only the news that is not ours is not done.
    assert {wrong.name for wrong in nothing_is_wrong()} <= {
        "exactly once: every inbox event has had its effect, or is younger than an hour"
    }


def _live(psp: Psp, shop: Variant, scenario: str, order: Order) -> dict[str, Any]:
    psp.http.delete("/_simulator/data").raise_for_status()
    known_postings, known_events = len(postings()), OutboxEvent.objects.count()
    session = open_session(shop)
    act, events, _ = SCENARIOS[scenario]
    act(psp, session)
    told = told_by(psp)[-events:]
    since = InboxEvent.objects.aggregate(last=Max("pk", default=0))["last"]
    parked = set()
    for number, (place, form) in enumerate(order):
        event = formed(told[place], form, number)
        deliver(event, form, since=since)
        if form not in OURS and _is_news(event):
            parked.add(("parked", event["id"]))
    # What is not ours waits where people see it, and nothing else does.
    waiting = InboxEvent.objects.filter(pk__gt=since).exclude(state="processed")
    assert set(waiting.values_list("state", "event_id")) == parked
    return outcome(session, known_postings, known_events)


def _is_news(event: Event) -> bool:
    """Return whether we act on such an event at all."""
    read = get_adapter(psp="stripe", account="main").parse_webhook(body=json.dumps(event).encode())
    return not all(isinstance(news, Ignored) for news in read)


def _as_of_2020(event: Event) -> Event:
    """Return the event as before 2022-11-15: a PaymentIntent had its charges in it, not the latest one's id."""
    subject = dict(event["data"]["object"])
    if subject["object"] == "payment_intent" and (charge := subject.pop("latest_charge", None)):
        charges = [{"id": charge, "object": "charge", "payment_intent": subject["id"], "status": "succeeded"}]
        subject["charges"] = {"object": "list", "data": charges, "has_more": False}
    return {**event, "api_version": "2020-08-27", "data": {"object": subject}}


def _about_a_stranger(event: Event) -> Event:
    """Return the event as if it told of an object that somebody made there by hand."""
    subject = dict(event["data"]["object"])
    subject |= {"id": f"{subject['id']}_strange", "metadata": {}}
    if "payment_intent" in subject:
        subject["payment_intent"] = f"{subject['payment_intent']}_strange"
    return {**event, "data": {"object": subject}}
