"""Orders over HTTP: read, narrowed down, shipped, canceled and taken back, by whoever has seen how they are."""

import uuid
from typing import Any

import pytest

from checkout.models import Order, Shipment
from tests.api import Api, everything, problem
from tests.checkout.api.shop import BERLIN, complete, furnish, open_session, told
from tests.psp import Psp

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]

ORDERS = "/api/v1/orders"


@pytest.fixture
def api(psp: Psp) -> Api:
    assert psp.requests() == 0
    furnish()
    return Api("checkout")


def buy(api: Api, *skus: str, **terms: Any) -> str:
    """Return the address of a new order."""
    session = told(complete(api, open_session(api, *skus, shipping_address=BERLIN, **terms)))
    return f"{ORDERS}/{session['order']['id']}"


def ids(api: Api, query: str) -> list[str]:
    return [f"{ORDERS}/{row['id']}" for row in told(api.get(f"{ORDERS}?{query}"))["data"]]


def test_an_order_shows_all_that_has_become_of_it(api: Api) -> None:
    # Given
    order = buy(api, "MUG", "BOOK")
    # When
    shipped = told(
        api.post(
            f"{order}/shipments",
            {"lines": [{"sku": "MUG", "quantity": 1}], "carrier": "DHL", "tracking_url": "https://dhl.example/1"},
        ),
        201,
    )
    told(api.post(f"{order}/cancel", {"reason": "out of print"}))
    goods = {"sku": "MUG", "quantity": 1, "disposition": "write_off"}
    returned = told(api.post(f"{order}/returns", {"lines": [goods], "refund": True, "reason": "broken"}), 201)
    # Then
    assert shipped["state"] == "processing"
    assert returned == told(api.get(order))
    assert [
        (line["sku"], line["status"], line["shipped_quantity"], line["canceled_quantity"], line["returned_quantity"])
        for line in returned["line_items"]
    ] == [("MUG", "fulfilled", 1, 0, 1), ("BOOK", "removed", 0, 1, 0)]
    (shipment,) = returned["shipments"]
    assert shipment["id"] == Shipment.objects.get().public_id
    assert shipment["line_items"] == [{"sku": "MUG", "quantity": 1, "location": "main"}]
    assert (shipment["carrier"], shipment["tracking_url"], shipment["capture"]) == (
        "DHL",
        "https://dhl.example/1",
        None,
    )
    assert shipment["amount_minor"] == 1290 + 490
    assert [
        (each["kind"], each["state"], each["amount_minor"], each["reason"], each["line_items"])
        for each in returned["adjustments"]
    ] == [
        ("cancellation", "pending", 1290, "out of print", [{"sku": "BOOK", "quantity": 1, "disposition": None}]),
        ("return", "pending", 1290, "broken", [goods]),
    ]


def test_a_deed_is_done_once_however_often_it_is_sent(api: Api) -> None:
    # Given
    order, key = buy(api, "MUG"), str(uuid.uuid4())
    # When
    answers = [api.post(f"{order}/shipments", {}, **{"Idempotency-Key": key}) for _ in range(2)]
    # Then
    assert answers[0].content == answers[1].content
    assert (answers[1]["Idempotent-Replayed"], answers[0]["Location"]) == ("true", order)
    assert Shipment.objects.count() == 1


@pytest.mark.parametrize(
    ("step", "body"),
    [
        ("shipments", {}),
        ("cancel", {}),
        ("returns", {"lines": [{"sku": "MUG", "quantity": 1, "disposition": "restock"}], "refund": False}),
    ],
)
def test_what_has_changed_since_it_was_seen_is_left_alone(api: Api, step: str, body: dict[str, Any]) -> None:
    # Given
    order, key = buy(api, "MUG", "BOOK"), str(uuid.uuid4())
    seen = api.get(order)["ETag"]
    told(api.post(f"{order}/shipments", {"lines": [{"sku": "MUG", "quantity": 1}]}), 201)
    before = everything()
    # When
    refused = api.post(f"{order}/{step}", body, **{"If-Match": seen, "Idempotency-Key": key})
    # Then
    assert (problem(refused)["code"], refused.status_code) == ("precondition_failed", 412)
    assert everything() == before
    # And
    now = api.get(order)["ETag"]
    assert api.post(f"{order}/{step}", body, **{"If-Match": now, "Idempotency-Key": key}).status_code < 300


def test_an_order_is_not_sent_again_until_something_of_it_has_changed(api: Api) -> None:
    # Given
    order = buy(api, "MUG")
    first, page = api.get(order), api.get(ORDERS)
    assert api.get(order, **{"If-None-Match": first["ETag"]}).status_code == 304
    assert api.get(ORDERS, **{"If-None-Match": page["ETag"]}).status_code == 304
    # When a refund of its payment is asked for, which is no change of the order
    intent = told(first)["payment_intent"]
    payments = Api("payments")
    told(payments.post("/api/v1/refunds", {"payment_intent": intent, "amount_minor": 1, "reason": "duplicate"}), 201)
    # Then
    again = api.get(order, **{"If-None-Match": first["ETag"]})
    assert [each["kind"] for each in told(again)["adjustments"]] == ["refund"]
    assert api.get(ORDERS, **{"If-None-Match": page["ETag"]}).status_code == 200


def test_orders_are_found_by_what_they_are(api: Api) -> None:
    # Given
    mug = buy(api, "MUG", customer="ada")
    book = buy(api, "BOOK", customer="bob", buyer={"email": "Bob@example.com"})
    told(api.post(f"{book}/shipments", {}), 201)
    Order.objects.filter(customer="ada").update(created_at="2026-01-01T00:00:00Z")
    # Then
    assert ids(api, "") == [book, mug]
    assert ids(api, "state=shipped") == [book]
    assert ids(api, "customer=ada") == [mug]
    assert ids(api, "buyer_email=bob@EXAMPLE.com") == [book]
    assert ids(api, "sku=MUG") == [mug]
    assert ids(api, "created_from=2026-01-02T00:00:00Z") == [book]
    assert ids(api, "created_before=2026-01-02T00:00:00Z") == [mug]
    assert ids(api, "sku=MUG&state=shipped") == []
    assert problem(api.get(f"{ORDERS}?state=lost"))["errors"][0]["pointer"] == "/state"
    assert problem(api.get(f"{ORDERS}?created_from=soon"))["errors"][0]["code"] == "not_a_time"


def test_a_page_of_orders_costs_as_many_queries_as_one_order(api: Api, django_assert_num_queries: Any) -> None:
    orders = [buy(api, "MUG", buyer={"email": f"{uuid.uuid4()}@example.com"}) for _ in range(3)]
    for order in orders:
        told(api.post(f"{order}/shipments", {}), 201)
    api.get(ORDERS)

    with django_assert_num_queries(9):
        assert len(told(api.get(ORDERS))["data"]) == 3
    with django_assert_num_queries(9):
        told(api.get(orders[0]))


@pytest.mark.parametrize(
    ("step", "body", "pointer", "code"),
    [
        ("shipments", {"lines": []}, "/lines", "empty"),
        ("shipments", {"lines": [{"sku": "POT", "quantity": 1}]}, "/lines/0/sku", "unknown_sku"),
        ("shipments", {"tracking_url": "javascript:alert(1)"}, "/tracking_url", "invalid"),
        ("shipments", {"parcel": 1}, "/parcel", "unknown_field"),
        ("cancel", {"lines": [{"sku": "MUG", "quantity": 0}]}, "/lines/0/quantity", "min_value"),
        (
            "returns",
            {"lines": [{"sku": "MUG", "quantity": 1, "disposition": "x"}], "refund": True},
            "/lines/0/disposition",
            "invalid_choice",
        ),
        ("returns", {"lines": [{"sku": "MUG", "quantity": 1, "disposition": "restock"}]}, "/refund", "required"),
        (
            "returns",
            {
                "lines": [{"sku": "MUG", "quantity": 1, "disposition": "restock"}],
                "refund": False,
                "refund_shipping": True,
            },
            "/refund_shipping",
            "refund_shipping_alone",
        ),
    ],
)
def test_a_body_that_breaks_a_rule_is_refused_by_name(
    api: Api, step: str, body: dict[str, Any], pointer: str, code: str
) -> None:
    order = buy(api, "MUG")
    before = everything()

    refused = problem(api.post(f"{order}/{step}", body))

    assert [(each["pointer"], each["code"]) for each in refused["errors"]] == [(pointer, code)]
    assert everything() == before


def test_where_goods_go_is_a_location_that_there_is(api: Api) -> None:
    # Given
    order = buy(api, "MUG")
    # When
    nowhere = api.post(f"{order}/shipments", {"lines": [{"sku": "MUG", "quantity": 1, "location": "moon"}]})
    told(api.post(f"{order}/shipments", {}), 201)
    goods = {"sku": "MUG", "quantity": 1, "disposition": "restock", "location": "moon"}
    strange = api.post(f"{order}/returns", {"lines": [goods], "refund": False})
    # Then
    assert (nowhere.status_code, problem(nowhere)["code"]) == (409, "not_at_location")
    assert problem(strange)["errors"][0]["code"] == "unknown_location"


def test_another_clients_order_is_not_there(api: Api) -> None:
    order = buy(api, "MUG")
    stranger = Api("checkout", client="cli_other")

    answers = [stranger.get(order), *(stranger.post(f"{order}/{step}", {}) for step in ("shipments", "cancel"))]

    assert [problem(answer)["code"] for answer in answers] == ["order_not_found"] * 3
    assert told(stranger.get(ORDERS))["data"] == []
