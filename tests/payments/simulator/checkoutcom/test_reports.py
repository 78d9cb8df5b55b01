"""What is held and paid out: every action with what it costs, and reports of exactly what there was."""

import csv
import io
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.payments.simulator.checkoutcom.conftest import Simulator


def held(psp: Simulator, **command: Any) -> dict[str, str]:
    return psp.control("checkoutcom/held", **command)


def address(psp: Simulator, report: dict[str, Any], file: int = 0) -> str:
    """Return where a file is."""
    answer = psp.http.get(f"/checkoutcom/reports/{report['id']}/files/{report['files'][file]['id']}")
    assert answer.status_code == 302
    return answer.headers["Location"]


def rows(psp: Simulator, report: dict[str, Any]) -> list[dict[str, str]]:
    texts = [httpx.get(address(psp, report, file)).text for file in range(len(report["files"]))]
    return [row for text in texts for row in csv.DictReader(io.StringIO(text))]


def paid_out(psp: Simulator, **command: Any) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Pay out; return that, and (breakdown, amount) of each row of its report."""
    payout = psp.control("checkoutcom/payouts", **command)
    report = psp.get(f"reports/{payout['report']}")
    assert report["tags"] == [f"payout_id:{payout['payout']}"]
    told = rows(psp, report)
    assert {row["Payout ID"] for row in told} == {payout["payout"]}
    return payout, [(row["Breakdown Type"], row["Holding Currency Amount"]) for row in told]


def test_a_payout_is_all_that_is_held_rounded_down(psp: Simulator) -> None:
    payment = psp.paid()
    psp.act(payment, "refunds", amount=290)
    payout, told = paid_out(psp)
    assert told == [
        ("Authorization Fixed Fee", "-0.08"),
        ("Capture", "12.9"),
        ("Premium Variable Fee", "-0.12255"),
        ("Refund", "-2.9"),
    ]
    # 9.79745
    assert payout["amount"] == "9.79"
    assert held(psp) == {"EUR": "0.00"}


def test_what_is_paid_out_is_not_paid_out_again(psp: Simulator) -> None:
    psp.paid()
    paid_out(psp)
    answer = psp.http.post("/_simulator/checkoutcom/payouts", json={})
    assert (answer.status_code, answer.text) == (400, "there is nothing to pay out in EUR")
    part = psp.paid(capture=False)
    psp.act(part, "captures", amount=400)
    assert paid_out(psp)[1][1] == ("Partial Capture", "4")


def test_a_decline_costs_as_much_as_an_approval(psp: Simulator) -> None:
    psp.paid("src_visa_decline_20051")
    assert held(psp) == {"EUR": "-0.08"}


def test_a_refund_that_comes_back_is_held_again(psp: Simulator) -> None:
    payment = psp.paid("src_refundFails")
    psp.act(payment, "refunds", amount=290)
    psp.control("clock", advance_seconds=31)
    psp.get(f"payments/{payment}")
    told = paid_out(psp)[1]
    assert told[-2:] == [("Refund", "-2.9"), ("Clearing Failed", "2.9")]


def test_a_dispute_moves_money_each_time_it_turns(psp: Simulator) -> None:
    payment, other = psp.paid(), psp.paid(amount=2000)
    begun = psp.control("checkoutcom/disputes", payment=payment, event="received")
    for event in ("evidence_required", "evidence_submitted", "won", "lost", "arbitration_won"):
        psp.control("checkoutcom/disputes", id=begun["id"], event=event)
    taken, given = ("Chargeback (ADJM)", "-12.9"), "12.9"
    expected = [taken, ("Chargeback (RPDW)", given), taken, ("Chargeback (ARBW)", given)]
    assert [each for each in paid_out(psp)[1] if "Chargeback" in each[0]] == expected
    assert psp.get("disputes", payment_id=payment)["data"] == [begun]
    assert psp.get("disputes", payment_id=other)["data"] == []


def test_a_currency_can_be_held_in_another_one(psp: Simulator) -> None:
    assert held(psp, currency="USD", held_in="EUR", rate="0.9") == {}
    psp.paid(currency="USD")
    (authorized, captured, fee) = rows(psp, psp.get(f"reports/{psp.control('checkoutcom/payouts')['report']}"))
    assert (captured["Processing Currency"], captured["Processing Currency Amount"]) == ("USD", "12.9")
    assert (captured["Holding Currency"], captured["Holding Currency Amount"]) == ("EUR", "11.61")
    assert captured["FX Rate Applied"] == "0.9"
    assert Decimal(authorized["Holding Currency Amount"]) == Decimal("-0.072")
    assert Decimal(fee["Holding Currency Amount"]) == Decimal("-0.110295")


def test_a_report_may_be_in_several_files(psp: Simulator) -> None:
    psp.paid()
    report = psp.get(f"reports/{psp.control('checkoutcom/payouts', parts=2)['report']}")
    assert [file["format"] for file in report["files"]] == ["CSV", "CSV"]
    assert len(rows(psp, report)) == 3


def test_reports_are_listed_in_pages_and_among_them_one_that_knows_no_payout(psp: Simulator) -> None:
    for _ in range(2):
        psp.paid()
        psp.control("checkoutcom/payouts")
    first = psp.get("reports", limit=3)
    token = httpx.URL(first["_links"]["next"]["href"]).params["pagination_token"]
    last = psp.get("reports", limit=3, pagination_token=token)
    found = first["data"] + last["data"]
    assert [len(report["tags"]) for report in found] == [1, 0, 1, 0]
    assert "next" not in last["_links"]
    assert {row["Payout ID"] for row in rows(psp, found[1])} == {""}
    assert psp.get("reports", created_after="2999-01-01T00:00:00Z")["data"] == []


@pytest.mark.parametrize("told", [{"limit": "0"}, {"limit": "101"}, {"limit": "many"}, {"pagination_token": "x"}])
def test_a_list_that_is_asked_for_in_vain_is_refused(psp: Simulator, told: dict[str, str]) -> None:
    assert psp.http.get("/checkoutcom/reports", params=told).status_code == 422


def test_a_report_that_is_not_there_is_not_found(psp: Simulator) -> None:
    psp.paid()
    report = psp.get(f"reports/{psp.control('checkoutcom/payouts')['report']}")
    for path in ("rpt_1", f"{report['id']}/files/file_1", f"rpt_1/files/{report['files'][0]['id']}"):
        assert psp.http.get(f"/checkoutcom/reports/{path}").status_code == 404


def test_a_file_is_handed_to_whoever_knows_its_address_and_to_nobody_with_a_key(psp: Simulator) -> None:
    psp.paid()
    report = psp.get(f"reports/{psp.control('checkoutcom/payouts')['report']}")
    where = address(psp, report)
    assert httpx.get(where).status_code == 200
    assert psp.http.get(where).status_code == 400
    assert httpx.get(where.partition("?")[0]).status_code == 403
