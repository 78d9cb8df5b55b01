"""Keys: what is asked twice happens once, for a day."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.payments.simulator.stripe.conftest import Simulator


def test_the_same_key_replays_the_first_answer(psp: Simulator) -> None:
    first, second = psp.pay(key="key-1"), psp.pay(key="key-1")
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert ("Idempotent-Replayed" in first.headers, second.headers["Idempotent-Replayed"]) == (False, "true")
    assert psp.charges() == [("succeeded", 1290, 0)]


def test_the_order_of_the_parameters_does_not_matter(psp: Simulator) -> None:
    told = {"amount": "1290", "currency": "eur", "payment_method": "pm_card_visa", "confirm": "true"}
    answers = [psp.post("payment_intents", dict(order), "key-1") for order in (told.items(), reversed(told.items()))]
    assert answers[0].json() == answers[1].json()
    assert len(psp.charges()) == 1


@pytest.mark.parametrize("change", [{"amount": "1291"}, {"currency": "usd"}, {"metadata[a]": "b"}])
def test_a_key_for_another_request_is_refused(psp: Simulator, change: dict[str, str]) -> None:
    psp.pay(key="key-1")
    other = psp.pay(key="key-1", **change)
    assert (other.status_code, other.json()["error"]["type"]) == (400, "idempotency_error")
    assert psp.charges() == [("succeeded", 1290, 0)]


def test_a_key_for_another_address_is_refused(psp: Simulator) -> None:
    held = psp.paid(capture_method="manual")
    assert psp.post(f"payment_intents/{held['id']}/cancel", {}, "key-1").status_code == 200
    other = psp.post(f"payment_intents/{held['id']}/capture", {}, "key-1")
    assert other.json()["error"]["type"] == "idempotency_error"


def test_a_decline_is_stored(psp: Simulator) -> None:
    answers = [psp.pay("pm_card_chargeDeclined", "key-1") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [402, 402]
    assert answers[0].json() == answers[1].json()
    assert psp.charges() == [("requires_payment_method", 0, 0)]


def test_a_refused_parameter_is_not_stored(psp: Simulator) -> None:
    assert psp.pay("pm_nobody", "key-1").status_code == 400
    assert psp.pay(key="key-1").status_code == 200
    assert psp.charges() == [("succeeded", 1290, 0)]


def test_a_key_is_kept_for_a_day_and_no_longer(psp: Simulator) -> None:
    psp.pay(key="key-1")
    psp.control("clock", advance_seconds=24 * 3600 - 5)
    psp.pay(key="key-1")
    assert len(psp.charges()) == 1
    psp.control("clock", advance_seconds=10)
    psp.pay(key="key-1")
    assert psp.charges() == [("succeeded", 1290, 0)] * 2


def test_a_key_is_in_use_until_its_request_is_answered(psp: Simulator) -> None:
    psp.control("faults", delay_seconds=0.7)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: psp.pay(key="key-1"), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200, *[409] * 7]
    refusals = [answer.json()["error"] for answer in answers if answer.status_code == 409]
    assert {refusal["code"] for refusal in refusals} == {"idempotency_key_in_use"}
    assert psp.charges() == [("succeeded", 1290, 0)]


def test_who_gives_up_waiting_has_asked_all_the_same(psp: Simulator) -> None:
    psp.control("faults", delay_seconds=0.5)
    with pytest.raises(httpx.ReadTimeout):
        psp.post("payment_intents", _told(), "key-1", timeout=0.1)
    psp.control("faults", delay_seconds=0)
    while (answer := psp.post("payment_intents", _told(), "key-1")).status_code == 409:
        pass
    assert answer.headers["Idempotent-Replayed"] == "true"
    assert psp.charges() == [("succeeded", 1290, 0)]


def test_a_key_has_at_most_255_characters(psp: Simulator) -> None:
    assert psp.pay(key="k" * 255).status_code == 200
    assert psp.pay(key="k" * 256).status_code == 400


def test_without_a_key_each_request_is_its_own(psp: Simulator) -> None:
    for _ in range(2):
        psp.http.post("/v1/payment_intents", data=_told()).raise_for_status()
    assert len(psp.charges()) == 2


def _told() -> dict[str, str]:
    return {"amount": "1290", "currency": "eur", "payment_method": "pm_card_visa", "confirm": "true"}
