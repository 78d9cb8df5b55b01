"""Payments as Stripe makes them: what is asked for, what comes of it, what is refused."""

from typing import Any

import httpx
import pytest

from tests.payments.simulator.stripe.conftest import Simulator
from tests.webhook_endpoint import Endpoint


def test_a_payment_is_taken_at_once(psp: Simulator) -> None:
    paid = psp.paid(**{"metadata[order]": "1", "description": "Two cups"})
    charge = psp.get(f"charges/{paid['latest_charge']}").json()
    assert (paid["status"], paid["amount_received"], paid["amount_capturable"]) == ("succeeded", 1290, 0)
    assert (paid["metadata"], paid["description"], paid["livemode"]) == ({"order": "1"}, "Two cups", False)
    assert (charge["amount_captured"], charge["captured"], charge["payment_intent"]) == (1290, True, paid["id"])
    assert psp.get(f"payment_intents/{paid['id']}").json() == paid


def test_a_payment_can_be_held_and_taken_in_part(psp: Simulator) -> None:
    held = psp.paid(capture_method="manual")
    assert (held["status"], held["amount_received"], held["amount_capturable"]) == ("requires_capture", 0, 1290)
    taken = psp.post(f"payment_intents/{held['id']}/capture", {"amount_to_capture": "1000"}).json()
    assert (taken["status"], taken["amount_received"], taken["amount_capturable"]) == ("succeeded", 1000, 0)
    assert psp.charges() == [("succeeded", 1000, 0)]


@pytest.mark.parametrize("amount", ["0", "1291", "-1", "12.90", ""])
def test_no_other_amount_is_taken(psp: Simulator, amount: str) -> None:
    held = psp.paid(capture_method="manual")
    assert psp.post(f"payment_intents/{held['id']}/capture", {"amount_to_capture": amount}).status_code == 400
    assert psp.charges() == [("requires_capture", 0, 0)]


def test_what_is_held_can_be_let_go_of(psp: Simulator) -> None:
    held = psp.paid(capture_method="manual")
    assert psp.post(f"payment_intents/{held['id']}/cancel", {}).json()["status"] == "canceled"
    assert psp.charges() == [("canceled", 0, 0)]


@pytest.mark.parametrize("first", ["capture", "cancel"])
@pytest.mark.parametrize("then", ["capture", "cancel", "confirm"])
def test_what_is_over_is_over(psp: Simulator, first: str, then: str) -> None:
    held = psp.paid(capture_method="manual")
    over = psp.post(f"payment_intents/{held['id']}/{first}", {}).json()
    refused = psp.post(f"payment_intents/{held['id']}/{then}", {})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "payment_intent_unexpected_state")
    assert refused.json()["error"]["payment_intent"] == over


@pytest.mark.parametrize(
    ("token", "code", "decline_code"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc"),
        ("pm_card_radarBlock", "card_declined", "fraudulent"),
    ],
)
def test_a_card_is_declined_for_its_reason(psp: Simulator, token: str, code: str, decline_code: str) -> None:
    answer = psp.pay(token)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["code"]) == (402, "card_error", code)
    assert error["decline_code"] == decline_code
    intent = error["payment_intent"]
    assert (intent["status"], intent["last_payment_error"]["decline_code"]) == ("requires_payment_method", decline_code)
    assert psp.get(f"charges/{intent['latest_charge']}").json()["status"] == "failed"
    assert psp.charges() == [("requires_payment_method", 0, 0)]


def test_another_card_may_be_tried_after_a_decline(psp: Simulator) -> None:
    intent = psp.pay("pm_card_chargeDeclined").json()["error"]["payment_intent"]
    paid = psp.post(f"payment_intents/{intent['id']}/confirm", {"payment_method": "pm_card_visa"}).json()
    assert (paid["status"], paid["last_payment_error"]) == ("succeeded", None)
    assert psp.charges() == [("succeeded", 1290, 0)]


def test_a_payment_may_be_confirmed_later(psp: Simulator) -> None:
    intent = psp.paid(confirm="false")
    assert (intent["status"], intent["latest_charge"]) == ("requires_confirmation", None)
    assert psp.post(f"payment_intents/{intent['id']}/confirm", {}).json()["status"] == "succeeded"


@pytest.mark.parametrize(
    ("token", "answer", "status", "reason"),
    [
        ("pm_card_authenticationRequired", "approve", "succeeded", None),
        (
            "pm_card_authenticationRequired",
            "fail",
            "requires_payment_method",
            "payment_intent_authentication_failure",
        ),
        (
            "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
            "approve",
            "requires_payment_method",
            "card_declined",
        ),
    ],
)
def test_the_buyers_answer_to_the_bank_decides_once(
    psp: Simulator, token: str, answer: str, status: str, reason: str | None
) -> None:
    asked = psp.paid(token, return_url="https://shop.example/back?cart=1")
    page = asked["next_action"]["redirect_to_url"]["url"]
    assert (asked["status"], psp.charges()) == ("requires_action", [("requires_action", 0, 0)])
    assert "3-D Secure" in httpx.get(page).text
    gone = httpx.post(page, data={"answer": answer})
    intent = psp.get(f"payment_intents/{asked['id']}").json()
    outcome = "succeeded" if status == "succeeded" else "failed"
    assert gone.status_code == 303
    assert gone.headers["Location"].startswith(f"https://shop.example/back?cart=1&payment_intent={asked['id']}&")
    assert gone.headers["Location"].endswith(f"redirect_status={outcome}")
    assert (intent["status"], (intent["last_payment_error"] or {}).get("code")) == (status, reason)
    assert "nothing to confirm" in httpx.post(page, data={"answer": "approve"}).text
    assert psp.get(f"payment_intents/{asked['id']}").json() == intent


def test_the_bank_asks_only_about_what_is_there(psp: Simulator) -> None:
    assert psp.http.get("/3ds/pi_nowhere").status_code == 404
    assert psp.http.post("/3ds/pi_nowhere").status_code == 404


def test_without_an_address_to_go_back_to_the_buyer_stays(psp: Simulator) -> None:
    page = psp.paid("pm_card_authenticationRequired")["next_action"]["redirect_to_url"]["url"]
    assert "Thank you" in httpx.post(page, data={"answer": "approve"}).text


def test_a_payment_is_found_by_its_metadata(psp: Simulator) -> None:
    paid = psp.paid(**{"metadata[tally_attempt]": "a-1"})
    psp.paid(**{"metadata[tally_attempt]": "a-2"})
    psp.paid(**{"metadata[other]": "a-1"})
    found = psp.get("payment_intents/search", query="metadata['tally_attempt']:'a-1'").json()
    assert (found["object"], found["data"], found["has_more"]) == ("search_result", [paid], False)
    assert psp.get("payment_intents/search", query="amount>1").status_code == 400


def test_lists_come_in_pages_the_newest_first(psp: Simulator) -> None:
    ids = [psp.paid()["id"] for _ in range(3)][::-1]
    page = psp.get("payment_intents", limit="2").json()
    rest = psp.get("payment_intents", limit="2", starting_after=ids[1]).json()
    assert ([each["id"] for each in page["data"]], page["has_more"]) == (ids[:2], True)
    assert ([each["id"] for each in rest["data"]], rest["has_more"]) == (ids[2:], False)
    assert psp.get("payment_intents", starting_after="pi_nowhere").status_code == 400


def test_events_tell_the_whole_story_and_can_be_read_again(psp: Simulator, endpoint: Endpoint) -> None:
    held = psp.paid(capture_method="manual")
    psp.post(f"payment_intents/{held['id']}/capture", {})
    events: list[dict[str, Any]] = psp.get("events", limit="100").json()["data"]
    assert [event["type"] for event in reversed(events)] == [
        "payment_intent.created",
        "payment_intent.amount_capturable_updated",
        "charge.succeeded",
        "payment_intent.succeeded",
        "charge.captured",
    ]
    only = psp.get("events", type="payment_intent.succeeded").json()["data"]
    assert [event["data"]["object"]["amount_received"] for event in only] == [1290]
    assert psp.get(f"events/{only[0]['id']}").json() == only[0]
    assert endpoint.taken == []


@pytest.mark.parametrize("header", ["", "Bearer pk_test", "Bearer", "Basic !", "Basic cGtfOg=="])
def test_only_who_has_a_secret_key_is_let_in(psp: Simulator, header: str) -> None:
    answer = psp.http.get("/v1/payment_intents", headers={"Authorization": header})
    assert (answer.status_code, answer.json()["error"]["type"]) == (401, "invalid_request_error")


def test_a_key_may_come_as_a_users_name(psp: Simulator) -> None:
    assert psp.http.get("/v1/payment_intents", headers={"Authorization": "Basic c2tfdGVzdDo="}).status_code == 200


@pytest.mark.parametrize("path", ["payment_intents/pi_0", "refunds/re_0", "events/evt_0", "charges/ch_0", "nothing"])
def test_what_is_not_there_is_a_404_in_stripes_form(psp: Simulator, path: str) -> None:
    answer = psp.get(path)
    assert (answer.status_code, answer.json()["error"]["type"]) == (404, "invalid_request_error")
