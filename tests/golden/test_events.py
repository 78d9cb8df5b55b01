"""Every version of every event that was ever published can still be read, and today's is what its file says.

A file is written once, with its version, and never changed: an event of that version may be in somebody's outbox.
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from checkout.events import canceled_payload, order_payload, returned_payload, shipped_payload, state_payload
from checkout.models import Cancellation, CheckoutSession, Order, OrderLine, Return, Shipment
from exactly_once.event_types import EventType, declared
from exactly_once.models import WebhookEndpoint
from exactly_once.webhook_endpoints import endpoint_payload
from payments.events import (
    authorization_payload,
    capture_payload,
    dispute_payload,
    ended_payload,
    intent_payload,
    payout_payload,
    refund_payload,
    surplus_payload,
)
from payments.models import Attempt, Capture, Dispute, PaymentIntent, Payout, Refund

FOLDER = Path(__file__).parent / "events"
TYPES = sorted(declared().values(), key=lambda event_type: event_type.name)

SESSION = CheckoutSession(public_id="cs_1")
ORDER = Order(
    public_id="ord_1",
    session=SESSION,
    payment_intent="pi_1",
    buyer_email="ada@example.com",
    currency="EUR",
    total_minor=3870,
)
LINES = [OrderLine(sku="MUG", name="Mug", quantity=2), OrderLine(sku="TEE-M", name="Tee M", quantity=1)]
SHIPMENT = Shipment(
    public_id="shp_1",
    carrier="DHL",
    tracking_number="42",
    tracking_url="https://parcels.example/42",
    amount_minor=3870,
)
CANCELLATION = Cancellation(public_id="can_1", reason="out of print", refund="re_1", amount_minor=3870)
RETURN = Return(public_id="ret_1", reason="broken", refund="re_1", amount_minor=3870)
UNITS = [(line.sku, line.quantity) for line in LINES]
INTENT = PaymentIntent(public_id="pi_1", order_reference="cs_1", amount_minor=3870, currency="EUR")
ATTEMPT = Attempt(intent=INTENT, psp="stripe")
CAPTURE = Capture(public_id="cap_1", attempt=ATTEMPT, amount_minor=1000, currency="EUR")
REFUND = Refund(public_id="re_1", attempt=ATTEMPT, amount_minor=1290, currency="EUR")
HELD = Attempt(intent=INTENT, psp="stripe", amount_minor=3870, captured_minor=1290, currency="EUR")
SURPLUS = Attempt(intent=INTENT, psp="stripe", psp_reference="pi_x", captured_minor=1290, currency="EUR")
DISPUTE = Dispute(
    public_id="dp_1",
    attempt=ATTEMPT,
    amount_minor=3870,
    currency="EUR",
    reason="fraudulent",
    evidence_due_at=datetime(2026, 12, 1, 12, tzinfo=UTC),
)
PAYOUT = Payout(
    public_id="po_1",
    psp="stripe",
    psp_reference="po_x",
    amount_minor=3870,
    currency="EUR",
    arrives_on=date(2026, 12, 1),
)
ENDPOINT = WebhookEndpoint(public_id="wep_1")


def golden(name: str, version: int) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads((FOLDER / f"{name}.v{version}.json").read_text())
    return payload


# Of an order, by type; whatever else becomes of it says its state.
OF_ORDERS: dict[str, Callable[[], dict[str, Any]]] = {
    "order.confirmed": lambda: order_payload(ORDER, LINES),
    "order.shipped": lambda: shipped_payload(ORDER, SHIPMENT, UNITS),
    "order.canceled": lambda: canceled_payload(ORDER, CANCELLATION, UNITS),
    "order.returned": lambda: returned_payload(ORDER, RETURN, UNITS),
}
OTHERWISE: dict[str, Callable[[], dict[str, Any]]] = {**OF_ORDERS, "authorization.ended": lambda: ended_payload(HELD)}
# By kind: the row whose state the event's name says, and what an event says of it.
SHOWN: dict[str, tuple[Any, Callable[[], dict[str, Any]]]] = {
    "authorization": (HELD, lambda: authorization_payload(HELD, datetime(2026, 12, 1, 12, tzinfo=UTC))),
    "capture": (CAPTURE, lambda: capture_payload(CAPTURE)),
    "dispute": (DISPUTE, lambda: dispute_payload(DISPUTE)),
    "order": (ORDER, lambda: state_payload(ORDER)),
    "payment_intent": (INTENT, lambda: intent_payload(INTENT, ATTEMPT)),
    "payout": (PAYOUT, lambda: payout_payload(PAYOUT)),
    "refund": (REFUND, lambda: refund_payload(REFUND)),
    "surplus": (SURPLUS, lambda: surplus_payload(SURPLUS, REFUND)),
    "webhook_endpoint": (ENDPOINT, lambda: endpoint_payload(ENDPOINT)),
}


def published_today(name: str) -> dict[str, Any]:
    kind, _, state = name.partition(".")
    if kind in SHOWN:
        row, payload = SHOWN[kind]
        row.state = state
        return OTHERWISE.get(name, payload)()
    raise LookupError(f"Show here what {name} says.")


def shape(value: Any, path: str = "") -> set[tuple[str, str]]:
    """Return (path, type) of every field; the rows of a list are one."""
    match value:
        case dict():
            return {pair for key, inner in value.items() for pair in shape(inner, f"{path}.{key}")}
        case list():
            return {pair for inner in value for pair in shape(inner, f"{path}[]")}
    return {(path, type(value).__name__)}


def test_there_is_a_file_for_each_version_of_each_type_and_no_other() -> None:
    expected = {f"{one.name}.v{version}.json" for one in TYPES for version in range(1, one.version + 1)}

    assert {path.name for path in FOLDER.iterdir()} == expected


@pytest.mark.parametrize("event_type", TYPES, ids=lambda event_type: event_type.name)
def test_what_is_published_today_is_what_the_newest_file_says(event_type: EventType) -> None:
    assert published_today(event_type.name) == golden(event_type.name, event_type.version)


@pytest.mark.parametrize("event_type", TYPES, ids=lambda event_type: event_type.name)
def test_every_older_version_becomes_todays(event_type: EventType) -> None:
    for version in range(1, event_type.version + 1):
        older = golden(event_type.name, version)
        become = event_type.upcast(older, version=version)
        assert shape(become) == shape(golden(event_type.name, event_type.version))
        assert older == golden(event_type.name, version), "an upcaster changes what it is given"


@pytest.mark.parametrize("event_type", TYPES, ids=lambda event_type: event_type.name)
def test_a_version_only_adds(event_type: EventType) -> None:
    for version in range(1, event_type.version):
        assert shape(golden(event_type.name, version)) <= shape(golden(event_type.name, version + 1))


def test_the_names_of_types_are_an_aggregate_and_what_became_of_it() -> None:
    assert all(re.fullmatch(r"[a-z_]+\.[a-z_]+", one.name) for one in TYPES)
