"""What docs/add-a-psp.md says: another PSP is an adapter and an entry in the settings, and nothing else."""

import json
import uuid
from collections.abc import Iterator

import pytest

from tests.campaigns import PROCESSES
from tests.shop import Shop, shop_at, wait_for
from tests.stack import new_stack

SETTINGS = "tests.flows.fourth_psp.settings"

pytestmark = PROCESSES.only


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    """A shop whose whole service knows one PSP more."""
    with new_stack("fourth_psp", environment={"DJANGO_SETTINGS_MODULE": SETTINGS}) as stack, shop_at(stack) as shop:
        yield shop


def _intent(shop: Shop) -> str:
    told = {"amount_minor": 1290, "currency": "EUR", "payment": {"psp": "yes", "token": "please"}}
    return str(shop.post("payment-intents", told).raise_for_status().json()["id"])


def test_it_takes_money_and_pays_it_back(shop: Shop) -> None:
    # When it is paid
    intent = _intent(shop)
    paid = shop.post(f"payment-intents/{intent}/confirm").raise_for_status().json()
    assert (paid["state"], paid["captured_minor"]) == ("succeeded", 1290)
    # When a part is paid back
    refund = shop.post("refunds", {"payment_intent": intent, "amount_minor": 290}).raise_for_status().json()
    wait_for(lambda: shop.get(f"refunds/{refund['id']}")["state"] == "succeeded", "the worker pays it back")
    # Then the books say so, in accounts of that PSP
    receivable = "SELECT currency FROM ledger_account WHERE code = 'assets:psp:yes:receivable'"
    assert shop.sql(receivable) == [("EUR",)]
    assert shop.get(f"payment-intents/{intent}")["refunded_minor"] == 290


def test_it_sells_in_the_shop(shop: Shop) -> None:
    session = shop.open_session()
    answer = shop.post(f"checkout-sessions/{session['id']}/complete", {"payment": {"psp": "yes", "token": "please"}})
    assert (answer.status_code, answer.json()["state"], shop.orders_of(session)) == (200, "completed", 1)


def test_its_webhooks_are_checked_and_heard(shop: Shop) -> None:
    # Given
    intent = _intent(shop)
    shop.post(f"payment-intents/{intent}/confirm").raise_for_status()
    ((payment,),) = shop.sql(
        "SELECT a.psp_reference FROM payments_attempt AS a JOIN payments_paymentintent AS i ON i.id = a.intent_id"
        " WHERE i.public_id = %s",
        [intent],
    )
    dispute = f"no_{uuid.uuid4()}"
    body = json.dumps({"id": dispute, "payment": payment, "state": "lost", "amount": 1290, "currency": "EUR"})
    # When
    stranger = shop.http.post("/webhooks/yes/main", content=body, headers={"Yes-Signature": "no"})
    taken = shop.http.post("/webhooks/yes/main", content=body, headers={"Yes-Signature": "yes, please"})
    # Then
    assert (stranger.status_code, taken.status_code) == (400, 200)
    query = "SELECT state FROM payments_dispute WHERE psp_reference = %s"
    wait_for(lambda: shop.sql(query, [dispute]) == [("lost",)], "the dispute is booked")


def test_after_all_this_every_invariant_holds(shop: Shop) -> None:
    shop.verify()
