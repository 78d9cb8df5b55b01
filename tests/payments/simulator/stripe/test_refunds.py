"""Refunds: never more than was taken, and some that the bank decides about later."""

import pytest

from tests.payments.simulator.stripe.conftest import Simulator


def _refund(psp: Simulator, payment: str, amount: str | None = None) -> tuple[int, str]:
    told = {"payment_intent": payment} if amount is None else {"payment_intent": payment, "amount": amount}
    answer = psp.post("refunds", told)
    return answer.status_code, answer.json().get("status") or answer.json()["error"]["code"]


def _story(psp: Simulator) -> list[str]:
    types = [event["type"] for event in reversed(psp.get("events", limit="100").json()["data"])]
    return [kind for kind in types if "refund" in kind]


def test_a_payment_is_refunded_in_parts_up_to_what_was_taken(psp: Simulator) -> None:
    payment = psp.paid()["id"]
    assert _refund(psp, payment, "1000") == (200, "succeeded")
    assert _refund(psp, payment, "291") == (400, "amount_too_large")
    assert _refund(psp, payment) == (200, "succeeded")
    assert _refund(psp, payment, "1") == (400, "charge_already_refunded")
    assert _refund(psp, payment) == (400, "charge_already_refunded")
    assert psp.charges() == [("succeeded", 1290, 1290)]
    assert _story(psp) == ["refund.created", "refund.updated", "charge.refunded"] * 2


def test_no_more_is_refunded_than_was_captured(psp: Simulator) -> None:
    held = psp.paid(capture_method="manual")
    assert _refund(psp, held["id"]) == (400, "charge_not_refundable")
    psp.post(f"payment_intents/{held['id']}/capture", {"amount_to_capture": "1000"})
    assert _refund(psp, held["id"], "1001") == (400, "amount_too_large")
    assert _refund(psp, held["id"]) == (200, "succeeded")
    assert psp.charges() == [("succeeded", 1000, 1000)]


def test_what_was_never_taken_is_not_refunded(psp: Simulator) -> None:
    declined = psp.pay("pm_card_chargeDeclined").json()["error"]["payment_intent"]
    assert _refund(psp, declined["id"]) == (400, "charge_not_refundable")
    assert _refund(psp, "pi_nowhere") == (404, "resource_missing")


@pytest.mark.parametrize("amount", ["0", "-1", "1.5", "x", ""])
def test_no_other_amount_is_refunded(psp: Simulator, amount: str) -> None:
    payment = psp.paid()["id"]
    assert _refund(psp, payment, amount)[0] == 400
    assert psp.charges() == [("succeeded", 1290, 0)]


def test_a_refund_may_be_pending_first(psp: Simulator) -> None:
    payment = psp.paid("pm_card_pendingRefund")["id"]
    assert _refund(psp, payment) == (200, "pending")
    psp.control("clock", advance_seconds=10)
    assert [refund["status"] for refund in psp.record()["refunds"]] == ["pending"]
    psp.control("clock", advance_seconds=21)
    assert [refund["status"] for refund in psp.record()["refunds"]] == ["succeeded"]
    assert _story(psp) == ["refund.created", "refund.updated", "charge.refunded", "refund.updated"]


def test_a_refund_may_fail_after_it_succeeded_and_then_be_tried_again(psp: Simulator) -> None:
    payment = psp.paid("pm_card_refundFail")["id"]
    assert _refund(psp, payment) == (200, "succeeded")
    assert psp.charges() == [("succeeded", 1290, 1290)]
    psp.control("clock", advance_seconds=31)
    (refund,) = psp.get("refunds").json()["data"]
    assert (refund["status"], refund["failure_reason"]) == ("failed", "expired_or_canceled_card")
    assert psp.charges() == [("succeeded", 1290, 0)]
    assert _story(psp)[3:] == ["refund.updated", "refund.failed"]
    assert _refund(psp, payment) == (200, "succeeded")


@pytest.mark.parametrize(
    ("token", "end", "refunded"),
    [("pm_tally_refundAsksFirst", "succeeded", 1290), ("pm_tally_refundCanceled", "canceled", 0)],
)
def test_a_refund_may_wait_for_the_buyer(psp: Simulator, token: str, end: str, refunded: int) -> None:
    payment = psp.paid(token)["id"]
    assert _refund(psp, payment) == (200, "requires_action")
    psp.control("clock", advance_seconds=31)
    assert [refund["status"] for refund in psp.record()["refunds"]] == [end]
    assert psp.charges() == [("succeeded", 1290, refunded)]
    assert _story(psp)[3:] == ["refund.updated"]


def test_refunds_are_listed_by_payment(psp: Simulator) -> None:
    first, second = psp.paid()["id"], psp.paid()["id"]
    _refund(psp, first)
    _refund(psp, second)
    assert [each["payment_intent"] for each in psp.get("refunds", payment_intent=first).json()["data"]] == [first]
