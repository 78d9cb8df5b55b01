"""Payments: held, taken by itself, declined, or asked about first."""

from typing import Any

import pytest

from tests.payments.simulator.checkoutcom.conftest import Simulator

ASKS: dict[str, Any] = {
    "3ds": {"enabled": True, "attempt_n3d": True},
    "success_url": "https://s.example/a?b=c",
    "failure_url": None,
}


def test_a_payment_is_answered_as_held_and_then_taken_by_itself(psp: Simulator) -> None:
    answer = psp.pay(metadata={"a": "b"})
    told = answer.json()
    assert (answer.status_code, told["status"], told["approved"], told["response_code"]) == (
        201,
        "Authorized",
        True,
        "10000",
    )
    assert (told["reference"], told["metadata"]) == ("order-1", {"a": "b"})
    assert psp.charges() == [("Captured", 1290, 0)]
    assert psp.told() == {"approved", "captured"}


def test_a_payment_that_is_not_to_be_taken_stays_held_for_a_week(psp: Simulator) -> None:
    psp.pay(capture=False)
    psp.control("clock", advance_seconds=7 * 24 * 3600 - 5)
    assert psp.charges() == [("Authorized", 0, 0)]
    psp.control("clock", advance_seconds=10)
    assert psp.charges() == [("Voided", 0, 0)]
    assert psp.told() == {"approved", "voided"}


def test_a_bank_says_no_and_its_reason_stands_among_the_actions_only(psp: Simulator) -> None:
    answer = psp.pay("src_visa_decline_20051")
    told = answer.json()
    assert (answer.status_code, told["status"], told["approved"]) == (201, "Declined", False)
    assert (told["response_code"], told["response_summary"]) == ("20051", "Insufficient funds")
    details = psp.get(f"payments/{told['id']}")
    assert (details["status"], "response_code" in details, "_own" in details) == ("Declined", False, False)
    (action,) = psp.get(f"payments/{told['id']}/actions")
    assert (action["type"], action["approved"], action["response_code"]) == ("Authorization", False, "20051")
    assert psp.told() == {"declined"}


def test_payments_are_listed_by_their_reference_the_latest_first(psp: Simulator) -> None:
    first, second = psp.paid(), psp.paid()
    psp.paid(reference="order-2")
    found = psp.get("payments", reference="order-1", limit=1)
    assert (found["total_count"], [each["id"] for each in found["data"]]) == (2, [second])
    assert [each["id"] for each in psp.get("payments", reference="order-1", skip=1)["data"]] == [first]
    assert psp.get("payments", reference="order-3") == {"limit": 10, "skip": 0, "total_count": 0, "data": []}


def test_a_list_may_lag(psp: Simulator) -> None:
    psp.paid()
    psp.control("faults", search_lag_seconds=60)
    assert psp.get("payments", reference="order-1")["total_count"] == 0
    psp.control("clock", advance_seconds=61)
    assert psp.get("payments", reference="order-1")["total_count"] == 1


def test_the_bank_asks_first(psp: Simulator) -> None:
    answer = psp.pay("src_3ds", **ASKS)
    told = answer.json()
    assert (answer.status_code, told["status"], told["3ds"]["enrolled"]) == (202, "Pending", "Y")
    assert "amount" not in told
    page = told["_links"]["redirect"]["href"]
    assert "pay 1290 minor units of EUR?" in psp.http.get(page).text
    assert psp.get(f"payments/{told['id']}")["_links"]["redirect"] == {"href": page}
    sent_on = psp.http.post(page, data={"answer": "approve"})
    assert sent_on.headers["Location"] == f"https://s.example/a?b=c&cko-payment-id={told['id']}"
    assert psp.charges() == [("Captured", 1290, 0)]
    assert "nothing to confirm" in psp.http.get(page).text
    assert "nothing to confirm" in psp.http.post(page, data={"answer": "fail"}).text
    assert psp.charges() == [("Captured", 1290, 0)]


@pytest.mark.parametrize(
    ("token", "answer", "code"), [("src_3ds", "fail", "20151"), ("src_3ds_decline_20051", "approve", "20051")]
)
def test_a_buyer_or_the_bank_may_still_say_no(psp: Simulator, token: str, answer: str, code: str) -> None:
    told = psp.pay(token, **ASKS).json()
    psp.http.post(told["_links"]["redirect"]["href"], data={"answer": answer})
    assert psp.charges() == [("Declined", 0, 0)]
    assert psp.get(f"payments/{told['id']}/actions")[0]["response_code"] == code


def test_who_does_not_come_to_the_banks_page_has_declined_after_a_quarter_of_an_hour(psp: Simulator) -> None:
    payment = psp.paid("src_3ds", **ASKS)
    psp.control("clock", advance_seconds=15 * 60 + 1)
    assert psp.charges() == [("Declined", 0, 0)]
    assert psp.get(f"payments/{payment}/actions")[0]["response_code"] == "20152"
    assert psp.told() == {"pending", "declined"}


def test_who_has_answered_is_not_taken_for_one_who_has_not(psp: Simulator) -> None:
    told = psp.pay("src_3ds", **ASKS).json()
    psp.http.post(told["_links"]["redirect"]["href"], data={"answer": "approve"})
    psp.control("clock", advance_seconds=15 * 60 + 1)
    assert psp.charges() == [("Captured", 1290, 0)]


def test_a_bank_that_is_not_to_ask_declines_where_it_must(psp: Simulator) -> None:
    told = psp.pay("src_3ds").json()
    assert (told["status"], told["response_code"]) == ("Declined", "20154")


def test_a_token_is_good_for_one_payment_and_an_instrument_for_many(psp: Simulator) -> None:
    assert psp.pay("tok_visa_1").status_code == 201
    again = psp.pay("tok_visa_1")
    assert (again.status_code, again.json()["error_codes"]) == (422, ["token_used"])
    assert [psp.pay("tok_visa_2").status_code, psp.pay().status_code, psp.pay().status_code] == [201] * 3


def test_less_may_be_held_than_was_asked_for(psp: Simulator) -> None:
    assert psp.pay("src_otherAmount").json()["amount"] == 1289
    assert psp.charges() == [("Captured", 1289, 0)]
