"""The account's balance: a transaction for whatever moves it, and payouts of exactly what there is."""

from typing import Any

import httpx
import pytest

from tests.payments.simulator.stripe.conftest import Simulator


def transactions(psp: Simulator, **params: str) -> list[tuple[str, int, int, str]]:
    """Return (type, amount, fee, currency) of each, the oldest first."""
    found = psp.get("balance_transactions", limit="100", **params).json()["data"]
    return [(each["type"], each["amount"], each["fee"], each["currency"]) for each in reversed(found)]


def steer(psp: Simulator, what: str, **command: Any) -> dict[str, Any]:
    return psp.control(f"stripe/{what}", **command)


def test_a_charge_costs_its_fee_when_it_is_captured(psp: Simulator) -> None:
    held = psp.paid(capture_method="manual")
    assert transactions(psp) == []
    psp.post(f"payment_intents/{held['id']}/capture", {"amount_to_capture": "1000"})
    assert transactions(psp) == [("charge", 1000, 39, "eur")]
    assert steer(psp, "balance") == {"eur": 961}


def test_a_refund_that_fails_comes_back(psp: Simulator) -> None:
    payment = psp.paid("pm_card_refundFail")
    psp.post("refunds", {"payment_intent": payment["id"], "amount": "290"})
    psp.control("clock", advance_seconds=31)
    assert transactions(psp)[1:] == [("refund", -290, 0, "eur"), ("refund_failure", 290, 0, "eur")]
    (refund,) = psp.get("refunds").json()["data"]
    newest = psp.get("balance_transactions").json()["data"]
    assert [each["id"] for each in newest[:2]] == [refund["failure_balance_transaction"], refund["balance_transaction"]]


def test_a_dispute_moves_money_each_time_it_turns_and_costs_once(psp: Simulator) -> None:
    payment = psp.paid()["id"]
    dispute = steer(psp, "disputes", payment_intent=payment, status="warning_needs_response")
    assert len(transactions(psp)) == 1
    for status in ("needs_response", "under_review", "won", "lost"):
        steer(psp, "disputes", id=dispute["id"], status=status)
    gone, back = ("adjustment", -1290, 0, "eur"), ("adjustment", 1290, 0, "eur")
    assert transactions(psp)[1:] == [("adjustment", -1290, 1500, "eur"), back, gone]


def test_a_dispute_that_was_won_before_anybody_heard_of_it_moved_money_twice(psp: Simulator) -> None:
    steer(psp, "disputes", payment_intent=psp.paid()["id"], status="won")
    assert [amount for _, amount, _, _ in transactions(psp)] == [1290, -1290, 1290]


def test_an_automatic_payout_is_all_there_is_and_its_list_comes_to_nothing(psp: Simulator) -> None:
    # Given
    psp.paid()
    psp.paid()
    # When
    payout = steer(psp, "payouts", currency="EUR", status="paid")
    psp.paid()
    # Then
    assert (payout["amount"], payout["automatic"]) == (2 * 1247, True)
    of_payout = transactions(psp, payout=payout["id"])
    assert of_payout == [("charge", 1290, 43, "eur"), ("charge", 1290, 43, "eur"), ("payout", -2494, 0, "eur")]
    assert steer(psp, "balance") == {"eur": 1247}
    # When the bank sends it back
    steer(psp, "payouts", id=payout["id"], status="failed")
    assert steer(psp, "balance") == {"eur": 1247 + 2494}


def test_nothing_is_not_paid_out(psp: Simulator) -> None:
    with pytest.raises(httpx.HTTPStatusError):
        steer(psp, "payouts", currency="EUR")
    assert psp.get("payouts").json()["data"] == []


@pytest.mark.parametrize(
    ("into", "rate", "settled"), [("usd", "1.0853", 1400), ("jpy", "162.55814", 2097), ("kwd", "0.33077519", 4267)]
)
def test_a_currency_may_settle_in_another(psp: Simulator, into: str, rate: str, settled: int) -> None:
    steer(psp, "balance", currency="eur", settles_in=into, rate=rate, basis_points=0, fixed=0)
    psp.paid()
    (found,) = psp.get("balance_transactions", **{"expand[0]": "data.source"}).json()["data"]
    assert (found["amount"], found["currency"], found["exchange_rate"]) == (settled, into, float(rate))
    assert (found["source"]["amount"], found["source"]["currency"]) == (1290, "eur")


def test_stripe_may_charge_by_itself(psp: Simulator) -> None:
    steer(psp, "balance", currency="eur", adjust=-200, type="stripe_fee", reason="Radar")
    assert transactions(psp) == [("stripe_fee", -200, 0, "eur")]


def test_pages_go_both_ways(psp: Simulator) -> None:
    for _ in range(5):
        psp.paid()
    names = [each["id"] for each in psp.get("balance_transactions").json()["data"]]

    def page(**params: str) -> tuple[list[str], bool]:
        told = psp.get("balance_transactions", limit="2", **params).json()
        return [each["id"] for each in told["data"]], told["has_more"]

    assert page() == (names[:2], True)
    assert page(starting_after=names[1]) == (names[2:4], True)
    assert page(starting_after=names[3]) == (names[4:], False)
    assert page(ending_before=names[4]) == (names[2:4], True)
    assert page(ending_before=names[2]) == (names[:2], False)
    assert page(ending_before=names[0]) == ([], False)
    assert psp.get("balance_transactions", starting_after="txn_x").status_code == 400
    assert page(**{"created[gte]": "99999999999"}) == ([], False)
