"""A sale is paid out and settled: read over HTTP by a worker, and the payout explained over the API."""

from typing import Any

from celery import Celery

from tests.shop import PATIENCE_SECONDS, Shop
from tests.waiting import eventually

# In a currency that no other test pays out a part of.
SALE = {"amount_minor": 1290, "currency": "USD", "payment": {"token": "pm_card_visa"}}


def settlement(shop: Shop, payout: str) -> Any:
    """Return what a payout consists of, once it is known."""
    found = [each for each in shop.get("payouts?limit=100")["data"] if each["psp_reference"] == payout]
    return shop.get(f"payouts/{found[0]['id']}")["settlement"] if found else None


def test_a_payout_is_explained_by_its_settlement(shop: Shop) -> None:
    # Given a sale, and all that the PSP owes on its way to us
    intent = shop.post("payment-intents", SALE).json()["id"]
    assert shop.post(f"payment-intents/{intent}/confirm").json()["state"] == "succeeded"
    paid_out = shop.psp.post("/_simulator/stripe/payouts", json={"currency": "USD", "status": "paid"})
    payout = paid_out.raise_for_status().json()
    # When beat's message comes
    with Celery(broker=shop.stack.environment()["CELERY_BROKER_URL"], set_as_current=False) as celery:
        celery.send_task("payments.import_settlement")
    # Then
    eventually(
        lambda: (settlement(shop, payout["id"]) or {}).get("net_minor") == payout["amount"],
        "the payout's lines are read",
        within_seconds=PATIENCE_SECONDS,
    )
    assert settlement(shop, payout["id"])["unexplained_minor"] == 0
    waiting = "SELECT count(*) FROM payments_settlementline WHERE state = 'new'"
    eventually(lambda: shop.sql(waiting) == [(0,)], "the lines are settled", within_seconds=PATIENCE_SECONDS)
    shop.verify()
