"""From cart to order through real HTTP, a real worker and a PSP in another process."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.shop import Shop, wait_for

SALE = [
    ("payment.captured", "assets:psp:stripe:receivable", "debit", 1290),
    ("payment.captured", "liabilities:orders", "credit", 1290),
]


def test_a_buyer_pays_once_and_gets_one_order(shop: Shop) -> None:
    # Given
    session = shop.open_session()
    # When
    answer = shop.pay(session)
    # Then
    body = answer.json()
    assert (answer.status_code, body["state"]) == (200, "completed")
    order = shop.get(f"orders/{body['order']['id']}")
    assert order["checkout_session"] == session["id"]
    assert order["totals"][-1] == {"type": "total", "amount_minor": 1290}
    assert [charge["captured_minor"] for charge in shop.charges_of(session)] == [1290]
    assert shop.postings_of(session) == SALE


def test_the_webhook_that_comes_after_changes_nothing_more(shop: Shop) -> None:
    # Given a paid session whose webhooks are still under way
    session = shop.open_session()
    shop.pay(session)
    # When they have been dealt with
    wait_for(lambda: _events_of(shop, session) == ["processed"] * 2, "webhooks of the payment")
    # Then
    assert shop.orders_of(session) == 1
    assert shop.postings_of(session) == SALE


def _events_of(shop: Shop, session: dict[str, str]) -> list[str]:
    references = [charge["payment"] for charge in shop.charges_of(session)]
    rows = shop.sql(
        "SELECT e.state FROM exactly_once_inboxevent AS e JOIN exactly_once_inboxbody AS b ON b.event_id = e.id"
        " WHERE convert_from(body, 'UTF8')::jsonb #>> '{data,object,id}' = ANY(%s)",
        [references],
    )
    return [row[0] for row in rows]


def test_a_declined_buyer_is_charged_nothing_and_may_try_another_card(shop: Shop) -> None:
    # Given
    session = shop.open_session("MUG-WHT")
    # When
    declined = shop.pay(session, "pm_card_chargeDeclinedInsufficientFunds")
    # Then
    assert declined.status_code == 402
    assert declined.headers["Content-Type"] == "application/problem+json"
    assert declined.json()["code"] == "payment_declined"
    assert declined.json()["decline_reason"] == "insufficient_funds"
    assert shop.get(f"checkout-sessions/{session['id']}")["state"] == "ready_for_complete"
    assert (shop.orders_of(session), shop.charges_of(session), shop.postings_of(session)) == (0, [], [])
    # And when
    paid = shop.pay(session, "pm_card_visa")
    # Then
    assert paid.status_code == 200
    assert (shop.orders_of(session), len(shop.charges_of(session))) == (1, 1)


def test_the_same_request_again_gets_the_same_bytes(shop: Shop) -> None:
    # Given
    session, key = shop.open_session(), str(uuid.uuid4())
    # When
    first, second = shop.pay(session, key=key), shop.pay(session, key=key)
    # Then
    assert first.content == second.content
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(shop.charges_of(session)) == 1


def test_twenty_threads_with_one_key_have_one_effect(shop: Shop) -> None:
    # Given
    session, key = shop.open_session(), str(uuid.uuid4())
    # When
    with ThreadPoolExecutor(max_workers=20) as pool:
        answers = list(pool.map(lambda _: shop.pay_until_final(session, "pm_card_visa", key=key), range(20)))
    # Then
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert (shop.orders_of(session), len(shop.charges_of(session))) == (1, 1)
    assert shop.postings_of(session) == SALE


def test_twenty_new_keys_for_one_session_still_charge_once(shop: Shop) -> None:
    # Given
    session = shop.open_session()
    # When
    with ThreadPoolExecutor(max_workers=20) as pool:
        answers = list(pool.map(lambda _: shop.pay(session), range(20)))
    # Then
    assert [answer.status_code for answer in answers].count(200) == 1
    assert {answer.json()["code"] for answer in answers if answer.status_code != 200} <= {
        "session_in_progress",
        "session_completed",
    }
    assert (shop.orders_of(session), len(shop.charges_of(session))) == (1, 1)


@pytest.mark.usefixtures("held_webhooks")
def test_a_lost_reply_is_found_out_by_asking_again_under_the_same_key(shop: Shop) -> None:
    # Given a PSP that charges and then says nothing
    session, key = shop.open_session(), str(uuid.uuid4())
    first = shop.pay(session, "pm_tally_dropReply", key=key)
    assert (first.status_code, first.json()["state"]) == (202, "complete_in_progress")
    address = f"/api/v1/checkout-sessions/{session['id']}"
    assert (first.headers["Retry-After"], first.headers["Location"]) == ("2", address)
    # When
    final = shop.pay_until_final(session, "pm_tally_dropReply", key=key)
    # Then
    assert (final.status_code, final.json()["state"]) == (200, "completed")
    assert (shop.orders_of(session), len(shop.charges_of(session))) == (1, 1)


@pytest.mark.usefixtures("held_webhooks")
def test_a_lost_reply_is_found_out_without_the_client(shop: Shop) -> None:
    # Given a client that went away after a 202
    session = shop.open_session()
    assert shop.pay(session, "pm_tally_dropReply").status_code == 202
    # When the sweeper has looked
    wait_for(lambda: shop.orders_of(session) == 1, "the sweeper completes the session")
    # Then
    assert len(shop.charges_of(session)) == 1
    assert shop.get(f"checkout-sessions/{session['id']}")["state"] == "completed"


def test_fifty_buyers_of_ten_units_make_ten_orders(shop: Shop) -> None:
    # Given
    sku = shop.add_product(on_hand=10)
    sessions = [shop.open_session(sku) for _ in range(50)]
    # When
    with ThreadPoolExecutor(max_workers=25) as pool:
        answers = list(pool.map(shop.pay, sessions))
    # Then
    assert [answer.status_code for answer in answers].count(200) == 10
    refused = [answer.json() for answer in answers if answer.status_code != 200]
    assert {(problem["code"], *problem["skus"]) for problem in refused} == {("out_of_stock", sku)}
    assert sum(len(shop.charges_of(session)) for session in sessions) == 10
    stock = shop.sql(
        "SELECT s.on_hand, s.reserved FROM checkout_stockitem AS s"
        " JOIN checkout_variant AS v ON v.id = s.variant_id WHERE v.sku = %s",
        [sku],
    )
    assert stock == [(10, 10)]


def test_after_all_this_every_invariant_holds(shop: Shop) -> None:
    shop.verify()
