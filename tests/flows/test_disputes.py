"""A bank's decision and a PSP's payout, by signed webhooks, through inbox and worker, to the API and the books."""

from tests.shop import PATIENCE_SECONDS, Shop
from tests.waiting import eventually

MONEY = {"amount_minor": 1290, "currency": "EUR", "payment": {"token": "pm_card_visa"}}


def pay(shop: Shop) -> tuple[str, str]:
    """Return our intent and the PSP's payment."""
    before = {charge["payment"] for charge in _charges(shop)}
    intent = shop.post("payment-intents", MONEY).json()["id"]
    assert shop.post(f"payment-intents/{intent}/confirm").json()["state"] == "succeeded"
    (payment,) = {charge["payment"] for charge in _charges(shop)} - before
    return intent, payment


def _charges(shop: Shop) -> list[dict[str, str]]:
    found: list[dict[str, str]] = shop.psp.get("/_simulator/record").json()["charges"]
    return found


def disputed(shop: Shop, intent: str) -> list[tuple[str, int]]:
    found = shop.get("disputes?limit=100")["data"]
    return [(each["state"], each["fee_minor"]) for each in found if each["payment_intent"] == intent]


def test_a_dispute_is_opened_and_lost(shop: Shop) -> None:
    # Given
    intent, payment = pay(shop)
    # When
    opened = shop.psp.post("/_simulator/stripe/disputes", json={"payment_intent": payment}).raise_for_status().json()
    eventually(
        lambda: disputed(shop, intent) == [("needs_response", 1500)],
        "the dispute is known",
        within_seconds=PATIENCE_SECONDS,
    )
    refused = shop.post("refunds", {"payment_intent": intent})
    shop.psp.post("/_simulator/stripe/disputes", json={"id": opened["id"], "status": "lost"}).raise_for_status()
    # Then
    assert refused.json()["code"] == "nothing_to_refund"
    eventually(
        lambda: disputed(shop, intent) == [("lost", 1500)], "the dispute is lost", within_seconds=PATIENCE_SECONDS
    )


def test_a_payout_arrives(shop: Shop) -> None:
    begun = (
        shop.psp.post("/_simulator/stripe/payouts", json={"amount": 1000, "currency": "EUR"}).raise_for_status().json()
    )
    shop.psp.post("/_simulator/stripe/payouts", json={"id": begun["id"], "status": "paid"}).raise_for_status()

    def states() -> list[str]:
        found = shop.get("payouts?limit=100")["data"]
        return [each["state"] for each in found if each["psp_reference"] == begun["id"]]

    eventually(lambda: states() == ["paid"], "the payout arrives", within_seconds=PATIENCE_SECONDS)
