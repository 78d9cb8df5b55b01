"""Keys: what is asked twice happens once, for a day, and only where it was answered with a yes."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.payments.simulator.checkoutcom.conftest import Simulator


def test_the_same_key_replays_the_first_answer_whatever_is_asked(psp: Simulator) -> None:
    first, second = psp.pay(key="key-1"), psp.pay(key="key-1", amount=1)
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert psp.charges() == [("Captured", 1290, 0)]


def test_a_decline_is_an_answer_that_is_remembered(psp: Simulator) -> None:
    answers = [psp.pay("src_visa_decline_20051", "key-1").json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert len(psp.charges()) == 1


def test_an_action_is_taken_in_once(psp: Simulator) -> None:
    payment = psp.paid()
    answers = [psp.post(f"payments/{payment}/refunds", {"amount": 290}, "key-1") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert psp.charges() == [("Partially Refunded", 1290, 290)]


def test_a_refusal_is_not_remembered(psp: Simulator) -> None:
    assert psp.pay("src_nobody", "key-1").status_code == 422
    assert psp.pay(key="key-1").status_code == 201
    assert psp.charges() == [("Captured", 1290, 0)]


def test_after_an_error_the_same_key_is_executed_anew(psp: Simulator) -> None:
    psp.control("faults", next=["error500", "error500_after"])
    answers = [psp.pay(key="key-1").status_code, psp.pay(key="key-2").status_code]
    assert (answers, psp.charges()) == ([500, 500], [("Captured", 1290, 0)])
    answers = [psp.pay(key="key-1").status_code, psp.pay(key="key-2").status_code]
    assert (answers, len(psp.charges())) == ([201, 201], 3)


def test_a_key_is_kept_for_a_day_and_no_longer(psp: Simulator) -> None:
    psp.pay(key="key-1")
    psp.control("clock", advance_seconds=24 * 3600 - 5)
    psp.pay(key="key-1")
    assert len(psp.charges()) == 1
    psp.control("clock", advance_seconds=10)
    psp.pay(key="key-1")
    assert len(psp.charges()) == 2


def test_a_key_is_in_use_until_its_request_is_answered(psp: Simulator) -> None:
    psp.control("faults", delay_seconds=0.7)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: psp.pay(key="key-1"), range(8)))
    assert sorted(answer.status_code for answer in answers) == [201, *[429] * 7]
    assert psp.charges() == [("Captured", 1290, 0)]


@pytest.mark.parametrize("authorization", ["", "sk_test", "Bearer pk_test", "Basic c2tfdGVzdDo="])
def test_without_a_secret_key_nobody_is_answered(psp: Simulator, authorization: str) -> None:
    answer = psp.http.get("/checkoutcom/payments", headers={"Authorization": authorization})
    assert (answer.status_code, answer.content, bool(answer.headers["Cko-Request-Id"])) == (401, b"", True)
