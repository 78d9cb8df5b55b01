"""The PSP's calls: signed, repeated, forged."""

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psycopg
import pytest

from tests.shop import Shop, wait_for

pytestmark = pytest.mark.usefixtures("held_webhooks")


def _deliver(shop: Shop, body: bytes, *, secret: str | None = None, timestamp: int | None = None) -> httpx.Response:
    secret = secret or shop.stack.environment()["STRIPE_WEBHOOK_SECRET"]
    timestamp = timestamp or int(time.time())
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"Stripe-Signature": f"t={timestamp},v1={digest}", "Content-Type": "application/json"}
    return httpx.post(f"{shop.stack.base_url}/webhooks/stripe/main", content=body, headers=headers, timeout=30)


def _succeeded_event(shop: Shop, session: Mapping[str, Any]) -> dict[str, Any]:
    (charge,) = shop.charges_of(dict(session))
    events = shop.psp.get("/v1/events?limit=100", headers={"Authorization": "Bearer sk_test"}).json()["data"]
    return next(
        event
        for event in events
        if event["type"] == "payment_intent.succeeded" and event["data"]["object"]["id"] == charge["payment"]
    )


def _inbox(shop: Shop, event_id: str) -> list[tuple[str, int]]:
    return shop.sql("SELECT state, deliveries FROM exactly_once_inboxevent WHERE event_id = %s", [event_id])


def test_ten_copies_at_once_are_one_event_with_one_effect(shop: Shop) -> None:
    # Given a payment whose reply was lost, so that the webhook is what completes it
    session = shop.open_session()
    assert shop.pay(session, "pm_tally_dropReply").status_code == 202
    event = _succeeded_event(shop, session)
    # When
    with ThreadPoolExecutor(max_workers=10) as pool:
        answers = list(pool.map(lambda _: _deliver(shop, json.dumps(event).encode()), range(10)))
    # Then
    assert [answer.status_code for answer in answers] == [200] * 10
    wait_for(lambda: _inbox(shop, event["id"]) == [("processed", 10)], "the event is processed")
    assert (shop.orders_of(session), len(shop.charges_of(session))) == (1, 1)
    assert len(shop.postings_of(session)) == 2


def test_one_business_event_under_two_ids_posts_once(shop: Shop) -> None:
    # Given
    session = shop.open_session()
    assert shop.pay(session).status_code == 200
    event = _succeeded_event(shop, session)
    twin = {**event, "id": f"{event['id']}_again"}
    # When
    for each in (event, twin):
        assert _deliver(shop, json.dumps(each).encode()).status_code == 200
    # Then
    wait_for(lambda: _inbox(shop, twin["id"]) == [("processed", 1)], "the twin is processed")
    assert len(shop.postings_of(session)) == 2
    assert shop.orders_of(session) == 1


@pytest.mark.parametrize(
    "forgery",
    [{"secret": "whsec_somebody_else"}, {"timestamp": 1_700_000_000}],
    ids=["wrong secret", "signed long ago"],
)
def test_a_signature_that_does_not_fit_stores_nothing(shop: Shop, forgery: dict[str, Any]) -> None:
    # Given
    body = json.dumps({"id": f"evt_forged_{len(forgery)}", "type": "payment_intent.succeeded"}).encode()
    # When
    answer = _deliver(shop, body, **forgery)
    # Then
    assert (answer.status_code, answer.json()["code"]) == (400, "signature_invalid")
    assert shop.sql("SELECT count(*) FROM exactly_once_inboxevent WHERE event_id LIKE 'evt_forged%%'") == [(0,)]


def test_an_event_about_a_stranger_is_parked_where_people_see_it(shop: Shop) -> None:
    # Given
    stranger = {
        "id": "evt_stranger",
        "type": "payment_intent.succeeded",
        "data": {
            "object": {
                "id": "pi_stranger",
                "status": "succeeded",
                "amount_received": 100,
                "currency": "eur",
                "metadata": {},
            }
        },
    }
    # When
    assert _deliver(shop, json.dumps(stranger).encode()).status_code == 200
    # Then
    wait_for(lambda: _inbox(shop, "evt_stranger") == [("parked", 1)], "the event is parked")
    # So that the next test's backlog is its own
    with psycopg.connect(shop.stack.database_url, autocommit=True) as session:
        session.execute("SET session_replication_role = replica")
        session.execute(
            "WITH gone AS (DELETE FROM exactly_once_inboxevent WHERE event_id = 'evt_stranger' RETURNING id)"
            " DELETE FROM exactly_once_inboxbody WHERE event_id IN (SELECT g.id FROM gone AS g)"
        )


def test_an_unknown_account_is_not_found(shop: Shop) -> None:
    answer = httpx.post(f"{shop.stack.base_url}/webhooks/stripe/nobody", content=b"{}", timeout=30)
    assert (answer.status_code, answer.json()["code"]) == (404, "psp_account_not_found")
