"""Ids in an event find it, and never decide about its effect."""

import json

import pytest

from exactly_once import inbox
from exactly_once.models import InboxEvent
from tests.factories import NOW

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]


def _keep(body: dict[str, object]) -> int:
    return inbox.receive(
        source="stripe", account="main", event_id="evt_1", headers={}, body=json.dumps(body).encode(), now=NOW
    ).id


def _event(kind: str, thing: dict[str, object]) -> dict[str, object]:
    return {"id": "evt_1", "object": "event", "type": kind, "data": {"object": thing}}


@pytest.mark.parametrize(
    "thing",
    [
        {"id": "ch_\0", "object": "charge", "payment_intent": "pi_1"},
        {"id": "ch_\ud800", "object": "charge", "payment_intent": "pi_1"},
        {"id": "c" * 256, "object": "charge", "payment_intent": "pi_1"},
    ],
)
def test_an_event_that_is_ignored_is_processed_whatever_its_ids(thing: dict[str, object]) -> None:
    # Given
    event = _keep(_event("charge.updated", thing))
    # When
    inbox.process(event_id=event, now=NOW)
    # Then
    assert list(InboxEvent.objects.values_list("state", "subjects")) == [("processed", ["pi_1"])]


def test_an_event_that_cannot_be_read_fails_on_record() -> None:
    # Given a time that no calendar has
    card = {"card": {"capture_before": 10**30}}
    charge = {"id": "ch_1", "object": "charge", "payment_method_details": card}
    intent = {
        "id": "pi_1",
        "object": "payment_intent",
        "status": "requires_capture",
        "amount": 100,
        "amount_capturable": 100,
        "currency": "eur",
        "metadata": {},
        "latest_charge": charge,
    }
    event = _keep(_event("payment_intent.amount_capturable_updated", intent))
    # When
    inbox.process(event_id=event, now=NOW)
    # Then
    assert list(InboxEvent.objects.values_list("state", "attempts", "subjects")) == [("failed", 1, [])]
