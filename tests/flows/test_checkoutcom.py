"""Buyers who pay by Checkout.com, whose captures and refunds are decided after it has answered."""

import uuid
from typing import Any

import httpx

from tests.shop import Shop, wait_for


def _pay(shop: Shop, token: str, *, alternatives: list[dict[str, str]] | None = None) -> tuple[dict[str, Any], Any]:
    """Open a session and pay for it; return the session and the answer."""
    session = shop.open_session()
    method: dict[str, Any] = {"token": token, "psp": "checkoutcom"}
    if alternatives:
        method["alternatives"] = alternatives
    return session, shop.post(f"checkout-sessions/{session['id']}/complete", {"payment": method})


def _state(shop: Shop, session: dict[str, Any]) -> str:
    return str(shop.get(f"checkout-sessions/{session['id']}")["state"])


def _charges(shop: Shop, session: dict[str, Any]) -> list[tuple[str, str, int]]:
    return [(each["psp"], each["status"], each["captured_minor"]) for each in shop.charges_of(session)]


def test_an_order_follows_the_capture_and_not_the_authorisation(shop: Shop) -> None:
    # When
    session, answer = _pay(shop, "src_visa")
    # Then nobody says yes before the money is taken
    assert answer.status_code in {200, 202}, answer.text
    wait_for(lambda: _state(shop, session) == "completed", "the webhook completes the session")
    assert (shop.orders_of(session), _charges(shop, session)) == (1, [("checkoutcom", "Captured", 1290)])
    accounts = {account for _, account, _, _ in shop.postings_of(session)}
    assert "assets:psp:checkoutcom:receivable" in accounts


def test_a_decline_reopens_the_session(shop: Shop) -> None:
    session, answer = _pay(shop, "src_visa_decline_20054")
    assert (answer.status_code, answer.json()["decline_reason"]) == (402, "expired_card")
    assert (_state(shop, session), _charges(shop, session)) == ("ready_for_complete", [])


def test_a_soft_decline_goes_on_to_another_psp(shop: Shop) -> None:
    session, answer = _pay(shop, "src_visa_decline_20051", alternatives=[{"psp": "stripe", "token": "pm_card_visa"}])
    assert (answer.status_code, answer.json()["state"]) == (200, "completed")
    assert [(psp, taken) for psp, _, taken in _charges(shop, session)] == [("stripe", 1290)]


def test_the_order_follows_the_buyers_yes_at_the_bank(shop: Shop) -> None:
    # Given
    session, answer = _pay(shop, "src_3ds")
    assert (answer.status_code, answer.json()["state"]) == (200, "requires_escalation")
    page = answer.json()["next_action"]["url"]
    assert page.startswith(f"{shop.stack.simulator_url}/checkoutcom/3ds/pay_")
    # When
    httpx.post(page, data={"answer": "approve"}, follow_redirects=True).raise_for_status()
    # Then
    wait_for(lambda: _state(shop, session) == "completed", "the webhook completes the session")
    assert (shop.orders_of(session), len(_charges(shop, session))) == (1, 1)


def test_a_no_at_the_bank_reopens_the_session(shop: Shop) -> None:
    session, answer = _pay(shop, "src_3ds")
    httpx.post(answer.json()["next_action"]["url"], data={"answer": "fail"}, follow_redirects=True).raise_for_status()
    wait_for(lambda: _state(shop, session) == "ready_for_complete", "the webhook reopens the session")
    assert _charges(shop, session) == []


def test_a_reply_that_is_lost_is_looked_up_and_charges_once(shop: Shop) -> None:
    session, answer = _pay(shop, "src_dropReply")
    assert answer.status_code == 202, answer.text
    wait_for(lambda: _state(shop, session) == "completed", "the sweeper finds the payment")
    assert len(_charges(shop, session)) == 1


def _intent(shop: Shop, token: str) -> str:
    """Have EUR 12.90 held through the payments API; return the intent."""
    method = {"token": token, "psp": "checkoutcom"}
    told = {"amount_minor": 1290, "currency": "EUR", "capture_method": "manual", "payment": method}
    intent = str(shop.post("payment-intents", told).raise_for_status().json()["id"])
    held = shop.post(f"payment-intents/{intent}/confirm").raise_for_status().json()
    assert held["state"] == "requires_capture"
    return intent


def _read(shop: Shop, intent: str) -> tuple[str, int, int]:
    told = shop.get(f"payment-intents/{intent}")
    return told["state"], told["captured_minor"], told["refunded_minor"]


def test_a_payment_is_taken_in_parts_and_paid_back(shop: Shop) -> None:
    # Given
    intent = _intent(shop, "src_visa")
    # When the first part is taken
    shop.post(f"payment-intents/{intent}/capture", {"amount_minor": 400, "final": False}).raise_for_status()
    wait_for(lambda: _read(shop, intent) == ("requires_capture", 400, 0), "the first part is taken")
    # When the last part is, and the rest let go of
    shop.post(f"payment-intents/{intent}/capture", {"amount_minor": 800}).raise_for_status()
    wait_for(lambda: _read(shop, intent) == ("succeeded", 1200, 0), "the last part is taken")
    # When a part of that is paid back
    refund = shop.post("refunds", {"payment_intent": intent, "amount_minor": 290}).raise_for_status().json()
    wait_for(lambda: shop.get(f"refunds/{refund['id']}")["state"] == "succeeded", "the refund is paid")
    # Then
    assert _read(shop, intent) == ("succeeded", 1200, 290)


def test_a_hold_is_let_go_of(shop: Shop) -> None:
    intent = _intent(shop, "src_visa")
    shop.post(f"payment-intents/{intent}/cancel").raise_for_status()
    wait_for(lambda: _read(shop, intent) == ("canceled", 0, 0), "the PSP lets go of it")


def test_the_rest_of_a_payment_is_let_go_of(shop: Shop) -> None:
    # Given
    intent = _intent(shop, "src_visa")
    shop.post(f"payment-intents/{intent}/capture", {"amount_minor": 400, "final": False}).raise_for_status()
    wait_for(lambda: _read(shop, intent) == ("requires_capture", 400, 0), "a part is taken")
    # When
    shop.post(f"payment-intents/{intent}/cancel").raise_for_status()
    # Then
    wait_for(lambda: _read(shop, intent) == ("succeeded", 400, 0), "the PSP lets go of the rest")


def test_a_bank_takes_the_money_back(shop: Shop) -> None:
    # Given
    session, _ = _pay(shop, "src_visa")
    wait_for(lambda: _state(shop, session) == "completed", "the webhook completes the session")
    (charge,) = shop.charges_of(session)
    # When
    told = {"payment": charge["payment"], "event": "evidence_required"}
    dispute = shop.psp.post("/_simulator/checkoutcom/disputes", json=told).raise_for_status().json()
    shop.psp.post("/_simulator/checkoutcom/disputes", json={"id": dispute["id"], "event": "lost"}).raise_for_status()
    # Then
    query = "SELECT state, amount_minor FROM payments_dispute WHERE psp_reference = %s"
    wait_for(lambda: shop.sql(query, [dispute["id"]]) == [("lost", 1290)], "the dispute is lost")


def test_what_it_settles_is_in_the_books_to_the_cent(shop: Shop) -> None:
    # Given all of the above, paid out
    wait_for(lambda: not shop.sql("SELECT 1 FROM payments_capture WHERE state = 'pending'"), "no capture is open")
    payout = shop.psp.post("/_simulator/checkoutcom/payouts", json={}).raise_for_status().json()
    # When
    done = shop.manage("settlement_import", "--psp", "checkoutcom")
    # Then
    assert done.returncode == 0, done.stderr
    query = "SELECT kind, state, net_minor FROM payments_settlementline WHERE payout_reference = %s"
    lines = shop.sql(query, [payout["payout"]])
    assert {state for _, state, _ in lines} == {"matched"}
    assert {kind for kind, _, _ in lines} == {"charge", "refund", "dispute", "fee", "payout"}
    assert sum(net for _, _, net in lines) == 0
    told = "SELECT state, amount_minor FROM payments_payout WHERE psp_reference = %s"
    assert shop.sql(told, [payout["payout"]]) == [("in_transit", round(float(payout["amount"]) * 100))]
    assert shop.sql("SELECT detail FROM payments_break WHERE psp = 'checkoutcom'") == []


def test_after_all_this_every_invariant_holds(shop: Shop) -> None:
    shop.verify()


def test_a_stranger_is_not_believed(shop: Shop) -> None:
    body = f'{{"id": "evt_{uuid.uuid4().hex}", "type": "payment_captured", "data": {{}}}}'.encode()
    answer = shop.http.post("/webhooks/checkoutcom/main", content=body, headers={"Cko-Signature": "0" * 64})
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] == "signature_invalid"
