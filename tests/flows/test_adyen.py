"""Payments at a second PSP through the real stack: its webhooks, several captures, 3-D Secure, failing over to it."""

from typing import Any

import httpx
import pytest

from tests.shop import PATIENCE_SECONDS, Shop
from tests.waiting import eventually

GOOD = {"psp": "adyen", "token": "shopper-1.pays"}


def _confirmed(shop: Shop, payment: dict[str, Any], **more: Any) -> dict[str, Any]:
    wish = {"amount_minor": 1290, "currency": "EUR", "payment": payment, **more}
    made = shop.post("payment-intents", wish)
    assert made.status_code == 201, made.text
    return dict(shop.post(f"payment-intents/{made.json()['id']}/confirm").json())


def _intent(shop: Shop, intent: str) -> dict[str, Any]:
    return dict(shop.get(f"payment-intents/{intent}"))


def _record_of(shop: Shop, intent: str) -> list[tuple[str, str, int, int]]:
    """Return (psp, status, captured, refunded) of what the PSPs know of an intent."""
    rows = shop.sql(
        "SELECT a.uuid FROM payments_attempt AS a JOIN payments_paymentintent AS i ON i.id = a.intent_id"
        " WHERE i.public_id = %s",
        [intent],
    )
    attempts = {str(row[0]) for row in rows}
    record = shop.psp.get("/_simulator/record").raise_for_status().json()["charges"]
    return sorted(
        (row["psp"], row["status"], row["captured_minor"], row["refunded_minor"])
        for row in record
        if row["attempt_id"] in attempts
    )


def test_a_payment_is_taken_and_paid_back(shop: Shop) -> None:
    # Given
    intent = _confirmed(shop, GOOD)
    assert (intent["state"], intent["psp"], intent["captured_minor"]) == ("succeeded", "adyen", 1290)
    # When
    refund = shop.post("refunds", {"payment_intent": intent["id"], "amount_minor": 290}).json()
    # Then
    eventually(
        lambda: shop.get(f"refunds/{refund['id']}")["state"] == "succeeded",
        "Adyen's webhook says that it is paid back",
        within_seconds=PATIENCE_SECONDS,
    )
    assert _record_of(shop, intent["id"]) == [("adyen", "authorised", 1290, 290)]


def test_an_authorisation_is_taken_in_parts_and_the_rest_let_go_of(shop: Shop) -> None:
    # Given
    intent = _confirmed(shop, GOOD, capture_method="manual")
    assert intent["state"] == "requires_capture"
    # When
    for minor, captured in ((900, 900), (300, 1200)):
        told = {"amount_minor": minor, "final": False}
        capture = shop.post(f"payment-intents/{intent['id']}/capture", told).json()
        eventually(
            lambda capture=capture: shop.get(f"captures/{capture['id']}")["state"] == "succeeded",  # type: ignore[misc]
            "Adyen's webhook says that it is taken",
            within_seconds=PATIENCE_SECONDS,
        )
        assert _intent(shop, intent["id"])["captured_minor"] == captured
    shop.post(f"payment-intents/{intent['id']}/cancel")
    # Then
    eventually(
        lambda: _intent(shop, intent["id"])["state"] == "succeeded",
        "Adyen's webhook says that the rest is let go of",
        within_seconds=PATIENCE_SECONDS,
    )
    assert _intent(shop, intent["id"])["captured_minor"] == 1200
    assert _record_of(shop, intent["id"]) == [("adyen", "authorised", 1200, 0)]


def test_what_stripe_declines_softly_adyen_takes(shop: Shop) -> None:
    intent = _confirmed(shop, {"token": "pm_card_chargeDeclinedInsufficientFunds", "alternatives": [GOOD]})
    assert (intent["state"], intent["psp"], intent["captured_minor"]) == ("succeeded", "adyen", 1290)
    assert _record_of(shop, intent["id"]) == [
        ("adyen", "authorised", 1290, 0),
        ("stripe", "requires_payment_method", 0, 0),
    ]


def test_what_stripe_declines_for_good_nobody_else_is_asked_for(shop: Shop) -> None:
    refused = _confirmed(shop, {"token": "pm_card_chargeDeclinedExpiredCard", "alternatives": [GOOD]})
    assert (refused["code"], refused["decline_reason"]) == ("payment_declined", "expired_card")
    assert [row[0] for row in _record_of(shop, refused["payment_intent"])] == ["stripe"]


@pytest.mark.parametrize(
    ("answer", "state", "captured"), [("approve", "succeeded", 1290), ("fail", "requires_payment_method", 0)]
)
def test_a_buyer_goes_to_the_bank_and_comes_back(shop: Shop, answer: str, state: str, captured: int) -> None:
    # Given
    intent = _confirmed(shop, {"psp": "adyen", "token": "shopper-1.asksFirst"})
    assert intent["state"] == "requires_action"
    # When the buyer answers, and the browser follows where it is sent
    back = httpx.post(intent["next_action"]["url"], data={"answer": answer}).headers["Location"]
    assert back.startswith(f"{shop.stack.base_url}/returns/adyen/main/")
    for _ in range(2):
        seen = httpx.get(back, timeout=30)
        assert (seen.status_code, seen.text) == (200, "Thank you. You may close this page.")
    # Then
    after = _intent(shop, intent["id"])
    assert (after["state"], after["captured_minor"]) == (state, captured)


def test_a_shop_sells_by_adyen(shop: Shop) -> None:
    session = shop.open_session()
    paid = shop.post(f"checkout-sessions/{session['id']}/complete", {"payment": GOOD})
    assert (paid.status_code, paid.json()["state"]) == (200, "completed")
    assert shop.orders_of(session) == 1
    assert [(row["psp"], row["captured_minor"]) for row in shop.charges_of(session)] == [
        ("adyen", session["totals"][-1]["amount_minor"])
    ]


def test_a_forged_notification_is_refused(shop: Shop) -> None:
    content = {"live": "false", "notificationItems": [{"NotificationRequestItem": {"eventCode": "REFUND"}}]}
    answer = httpx.post(f"{shop.stack.base_url}/webhooks/adyen/main", json=content, timeout=30)
    assert (answer.status_code, answer.json()["code"]) == (400, "event_invalid")


def test_after_all_this_every_invariant_holds(shop: Shop) -> None:
    eventually(
        lambda: shop.psp.get("/_simulator/record").json()["waiting"] == 0,
        "every webhook is taken",
        within_seconds=PATIENCE_SECONDS,
    )
    shop.verify()
