"""The simulated Adyen: what it refuses, what it keeps under a key, and how it tells of what it does."""

import json
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.processes import SECRETS, Program, running, simulator
from tests.waiting import eventually
from tests.webhook_endpoint import Endpoint

PAYMENT = {
    "merchantAccount": "TestMerchant",
    "reference": "order-1",
    "amount": {"value": 1290, "currency": "EUR"},
    "paymentMethod": {"type": "scheme", "storedPaymentMethodId": "pays"},
    "shopperReference": "shopper-1",
    "returnUrl": "https://shop.example/back?order=1",
}


@dataclass(frozen=True, slots=True)
class Simulator:
    """The simulator, as Adyen's callers and as tests see it."""

    http: httpx.Client
    endpoint: Endpoint

    def post(self, path: str, body: Any, key: str | None = None) -> httpx.Response:
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        return self.http.post(f"/adyen/v72/{path}", json=body, headers=headers)

    def pay(self, card: str = "pays", key: str | None = None, **changes: Any) -> httpx.Response:
        method = {"type": "scheme", "storedPaymentMethodId": card}
        return self.post("payments", {**PAYMENT, "paymentMethod": method, **changes}, key)

    def control(self, what: str, **command: Any) -> None:
        self.http.post(f"/_simulator/{what}", json=command).raise_for_status()

    def record(self) -> Any:
        return self.http.get("/_simulator/record").raise_for_status().json()

    def items(self) -> list[list[dict[str, Any]]]:
        """Return what has come, webhook by webhook."""
        bodies = [json.loads(body) for body, _ in self.endpoint.taken]
        return [[each["NotificationRequestItem"] for each in body["notificationItems"]] for body in bodies]


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with running(simulator(tmp_path_factory.mktemp("simulator"), webhook_secrets=SECRETS)) as program:
        yield program


@pytest.fixture
def psp(process: Program) -> Iterator[Simulator]:
    headers = {"X-API-Key": "key"}
    with closing(Endpoint()) as endpoint, httpx.Client(base_url=process.url, timeout=30, headers=headers) as http:
        psp = Simulator(http, endpoint)
        http.delete("/_simulator/data").raise_for_status()
        psp.control("webhooks", mode="hold", base=endpoint.url)
        yield psp


def test_a_payment_is_answered_and_told(psp: Simulator) -> None:
    reply = psp.pay().json()
    assert (reply["resultCode"], reply["merchantReference"]) == ("Authorised", "order-1")
    psp.control("webhooks", mode="live")
    eventually(lambda: len(psp.items()) == 1, "the webhook comes")
    ((item,),) = psp.items()
    assert psp.endpoint.paths == {"/webhooks/adyen/main"}
    assert (item["eventCode"], item["success"], item["pspReference"]) == (
        "AUTHORISATION",
        "true",
        reply["pspReference"],
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": None},
        {"amount": {"value": 0, "currency": "EUR"}},
        {"amount": {"value": "1", "currency": "EUR"}},
        {"amount": {"value": True, "currency": "EUR"}},
        {"amount": {"value": 1, "currency": "euro"}},
        {"reference": None},
        {"reference": "x" * 81},
        {"merchantAccount": ""},
        {"shopperReference": None},
        {"returnUrl": None},
        {"paymentMethod": None},
        {"paymentMethod": {"type": "scheme", "number": "4111111111111111"}},
        {"paymentMethod": {"type": "scheme", "storedPaymentMethodId": "nobodys"}},
    ],
)
def test_a_payment_that_lacks_something_is_refused_and_nothing_is_kept(psp: Simulator, changes: dict[str, Any]) -> None:
    refused = psp.post("payments", {**PAYMENT, **changes}, "key-1")
    assert (refused.status_code, refused.json()["errorType"]) == (422, "validation")
    assert psp.record()["charges"] == []
    assert psp.post("payments", PAYMENT, "key-1").status_code == 200


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"x", b"[" * 100_000, b'{"additionalData": 1}'])
def test_what_is_no_request_is_refused(psp: Simulator, body: bytes) -> None:
    assert psp.http.post("/adyen/v72/payments", content=body).status_code == 400


def test_nobody_is_served_without_a_key_or_elsewhere(psp: Simulator, process: Program) -> None:
    assert httpx.post(f"{process.url}/adyen/v72/payments", json=PAYMENT).status_code == 401
    assert psp.post("paymentz", PAYMENT).status_code == 404
    assert psp.post("payments/nowhere/captures", {"amount": PAYMENT["amount"]}).json()["errorCode"] == "167"


def test_a_key_is_kept_for_a_week_and_its_length_is_bounded(psp: Simulator) -> None:
    first = psp.pay(key="key-1").json()
    psp.control("clock", advance_seconds=7 * 24 * 3600 - 5)
    assert psp.pay(key="key-1").json() == first
    psp.control("clock", advance_seconds=10)
    assert psp.pay(key="key-1").json() != first
    assert psp.pay(key="k" * 65).status_code == 422


def test_a_key_of_another_request_proves_nothing_about_the_first(psp: Simulator) -> None:
    psp.pay(key="key-1")
    other = psp.pay(key="key-1", amount={"value": 1, "currency": "EUR"})
    assert (other.status_code, other.json()["errorType"]) == (409, "internal")
    assert len(psp.record()["charges"]) == 1


def test_keys_of_two_psps_do_not_meet(psp: Simulator) -> None:
    psp.pay(key="key-1").raise_for_status()
    told = {"amount": "1290", "currency": "eur", "payment_method": "pm_card_visa", "confirm": "true"}
    headers = {"Authorization": "Bearer sk_test", "Idempotency-Key": "key-1"}
    answer = psp.http.post("/v1/payment_intents", data=told, headers=headers)
    assert answer.status_code == 200
    assert [row["psp"] for row in psp.record()["charges"]] == ["stripe", "adyen"]


def test_news_joins_what_waits_in_one_webhook(psp: Simulator) -> None:
    psp.control("faults", webhook_batch=1.0)
    payment = psp.pay(additionalData={"manualCapture": "true"}).json()["pspReference"]
    for minor in (900, 390):
        psp.post(f"payments/{payment}/captures", {"amount": {"value": minor, "currency": "EUR"}})
    assert (psp.record()["events"], psp.record()["waiting"]) == (3, 1)
    psp.control("webhooks", flush=True)
    assert [[item["eventCode"] for item in items] for items in psp.items()] == [["AUTHORISATION", "CAPTURE", "CAPTURE"]]


def test_more_than_is_held_is_taken_in_and_then_fails(psp: Simulator) -> None:
    payment = psp.pay(additionalData={"manualCapture": "true"}).json()["pspReference"]
    answer = psp.post(f"payments/{payment}/captures", {"amount": {"value": 1291, "currency": "EUR"}, "reference": "c"})
    assert (answer.status_code, answer.json()["status"], answer.json()["reference"]) == (201, "received", "c")
    psp.control("webhooks", flush=True)
    # What is flushed goes out at the same time, and comes in any order.
    told = {items[0]["eventCode"]: (items[0]["success"], items[0]["merchantReference"]) for items in psp.items()}
    assert told == {"AUTHORISATION": ("true", "order-1"), "CAPTURE": ("false", "c")}
    assert psp.record()["charges"][0]["captured_minor"] == 0


def test_the_bank_is_answered_once_and_the_merchant_has_to_go_on(psp: Simulator) -> None:
    # Given
    reply = psp.pay("asksFirst").json()
    assert "pspReference" not in reply
    page = reply["action"]["url"]
    assert "pay 1290 minor units of EUR" in httpx.get(page).text
    # When
    back = httpx.post(page, data={"answer": "approve"})
    again = httpx.post(page, data={"answer": "fail"})
    # Then
    assert (back.status_code, again.status_code) == (303, 200)
    address, _, result = back.headers["Location"].partition("&redirectResult=")
    assert address == "https://shop.example/back?order=1"
    assert psp.record()["charges"][0]["status"] == "waiting"
    assert psp.post("payments/details", {"details": {"redirectResult": "made up"}}).status_code == 422
    for _ in range(2):
        assert (
            psp.post("payments/details", {"details": {"redirectResult": result}}).json()["resultCode"] == "Authorised"
        )
    assert psp.record()["charges"][0]["captured_minor"] == 1290


def test_a_dispute_of_nothing_is_refused(psp: Simulator) -> None:
    assert psp.http.post("/_simulator/adyen/disputes", json={"payment": "nowhere"}).status_code == 400
