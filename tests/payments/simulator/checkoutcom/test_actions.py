"""Captures, voids and refunds: never more than there is, some decided later, and some otherwise."""

import pytest

from tests.payments.simulator.checkoutcom.conftest import Simulator


def _balances(psp: Simulator, payment: str) -> tuple[int, int, int, int]:
    """Return what was captured, voided and refunded, and what can be captured still."""
    found = psp.get(f"payments/{payment}")["balances"]
    names = ("total_captured", "total_voided", "total_refunded", "available_to_capture")
    captured, voided, refunded, left = (found[name] for name in names)
    return captured, voided, refunded, left


def test_a_hold_is_captured_in_parts_until_the_last_one_lets_go_of_the_rest(psp: Simulator) -> None:
    payment = psp.paid(capture=False)
    assert psp.act(payment, "captures", amount=400, capture_type="NonFinal", reference="c1") == (202, "c1")
    assert psp.charges() == [("Partially Captured", 400, 0)]
    too_much = ["capture_value_greater_than_remaining_authorized"]
    assert psp.act(payment, "captures", amount=891) == (422, too_much)
    assert psp.act(payment, "captures", amount=90, reference="c2") == (202, "c2")
    assert _balances(psp, payment) == (490, 800, 0, 0)
    assert psp.act(payment, "captures") == (403, None)
    assert psp.act(payment, "voids") == (403, None)
    assert psp.told() == {"approved", "captured", "voided"}


def test_a_hold_is_captured_whole_where_nothing_else_is_said(psp: Simulator) -> None:
    payment = psp.paid(capture=False)
    assert psp.act(payment, "captures") == (202, None)
    assert psp.charges() == [("Captured", 1290, 0)]


def test_an_event_calls_an_action_by_our_name_for_it(psp: Simulator) -> None:
    payment = psp.paid(capture=False, metadata={"a": "b"})
    psp.act(payment, "captures", amount=400, reference="c1", metadata={"c": "d"})
    told = {event["type"]: event["data"] for event in psp.story()}
    captured = told["payment_captured"]
    assert (captured["id"], captured["amount"], captured["currency"]) == (payment, 400, "EUR")
    assert (captured["reference"], captured["metadata"]) == ("c1", {"c": "d"})
    assert captured["balances"]["total_captured"] == 400
    assert (told["payment_voided"]["reference"], told["payment_voided"]["metadata"]) == ("order-1", {"a": "b"})


def test_a_hold_is_let_go_of_once(psp: Simulator) -> None:
    payment = psp.paid(capture=False)
    assert psp.act(payment, "voids", reference="v1") == (202, "v1")
    assert psp.act(payment, "voids") == (403, None)
    assert psp.act(payment, "captures") == (403, None)
    assert psp.act(payment, "refunds") == (403, None)
    assert psp.charges() == [("Voided", 0, 0)]


def test_what_waits_for_the_buyer_or_was_declined_is_not_acted_upon(psp: Simulator) -> None:
    for payment in (psp.paid("src_3ds", **{"3ds": {"enabled": True}}), psp.paid("src_visa_decline_20051")):
        assert [psp.act(payment, what) for what in ("captures", "voids", "refunds")] == [(403, None)] * 3


def test_what_is_not_there_is_not_acted_upon(psp: Simulator) -> None:
    assert [psp.act("pay_nobody", what) for what in ("captures", "voids", "refunds")] == [(404, None)] * 3


def test_a_payment_is_refunded_in_parts_up_to_what_was_taken(psp: Simulator) -> None:
    payment = psp.paid()
    assert psp.act(payment, "refunds", amount=1000, reference="r1") == (202, "r1")
    assert psp.charges() == [("Partially Refunded", 1290, 1000)]
    assert psp.act(payment, "refunds", amount=291) == (422, ["amount_exceeds_balance"])
    assert psp.act(payment, "refunds") == (202, None)
    assert psp.act(payment, "refunds") == (403, None)
    assert psp.charges() == [("Refunded", 1290, 1290)]
    assert [refund["amount_minor"] for refund in psp.record()["refunds"]] == [1000, 290]
    actions = [(each["type"], each["amount"]) for each in psp.get(f"payments/{payment}/actions")]
    assert actions == [("Refund", 290), ("Refund", 1000), ("Capture", 1290), ("Authorization", 1290)]


def test_a_slow_card_decides_later(psp: Simulator) -> None:
    payment = psp.paid("src_slow", capture=False)
    psp.act(payment, "captures", reference="c1")
    (capture,) = [each for each in psp.get(f"payments/{payment}/actions") if each["type"] == "Capture"]
    assert ("approved" in capture, psp.charges()) == (False, [("Authorized", 0, 0)])
    psp.control("clock", advance_seconds=31)
    assert psp.charges() == [("Captured", 1290, 0)]
    psp.act(payment, "refunds", reference="r1")
    assert [refund["status"] for refund in psp.record()["refunds"]] == ["pending"]
    psp.control("clock", advance_seconds=31)
    assert [refund["status"] for refund in psp.record()["refunds"]] == ["succeeded"]
    assert psp.told() == {"approved", "capture_pending", "captured", "refund_pending", "refunded"}


def test_of_two_slow_refunds_the_one_that_comes_too_late_is_declined(psp: Simulator) -> None:
    payment = psp.paid("src_slow")
    psp.control("clock", advance_seconds=31)
    for name in ("r1", "r2"):
        assert psp.act(payment, "refunds", amount=900, reference=name) == (202, name)
    psp.control("clock", advance_seconds=31)
    assert psp.charges() == [("Partially Refunded", 1290, 900)]
    assert [refund["status"] for refund in psp.record()["refunds"]] == ["succeeded", "failed"]


def test_a_capture_may_come_to_nothing(psp: Simulator) -> None:
    payment = psp.paid("src_captureFails", capture=False)
    psp.act(payment, "captures", reference="c1")
    psp.control("clock", advance_seconds=31)
    assert psp.charges() == [("Authorized", 0, 0)]
    declined = next(event for event in psp.story() if event["type"] == "payment_capture_declined")
    assert (declined["data"]["reference"], declined["data"]["response_code"]) == ("c1", "20109")


def test_a_refund_may_come_back_after_it_succeeded_and_then_be_tried_again(psp: Simulator) -> None:
    payment = psp.paid("src_refundFails")
    psp.act(payment, "refunds")
    assert psp.charges() == [("Refunded", 1290, 1290)]
    psp.control("clock", advance_seconds=31)
    assert psp.charges() == [("Captured", 1290, 0)]
    assert [refund["status"] for refund in psp.record()["refunds"]] == ["failed"]
    assert psp.told() == {"approved", "captured", "refunded", "refund_declined"}
    assert psp.act(payment, "refunds") == (202, None)


@pytest.mark.parametrize("event", ["received", "evidence_required", "won", "lost"])
def test_a_bank_disputes_on_command(psp: Simulator, event: str) -> None:
    payment = psp.paid()
    dispute = psp.control("checkoutcom/disputes", payment=payment, event="evidence_required")
    psp.control("checkoutcom/disputes", id=dispute["id"], event=event)
    told = [each for each in psp.story() if each["type"] == f"dispute_{event}"]
    assert told[-1]["data"] == dispute
    assert (dispute["payment_id"], dispute["amount"], dispute["currency"]) == (payment, 1290, "EUR")
