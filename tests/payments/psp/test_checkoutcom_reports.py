"""The way through Checkout.com's reports: each payout's is read once, whatever happens meanwhile."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from payments.psp.checkoutcom_client import UNREADABLE
from payments.psp.checkoutcom_reports import Walk

type Object = dict[str, Any]

SINCE = datetime(2026, 11, 1, tzinfo=UTC)


def told(name: str, made_on: str, **more: object) -> Object:
    """Return a report of a payout, as a list tells of it."""
    file = {"id": f"file_{name}", "filename": f"financial-actions_ent_{name}_1.csv", "format": "CSV"}
    return {
        "id": f"rpt_{name}",
        "created_on": f"2026-11-{made_on}Z",
        "type": "FinancialActions",
        "tags": [f"payout_id:{name}"],
        "files": [file],
        **more,
    }


class CheckoutCom:
    """A list of reports as Checkout.com answers about it, two to a page, in an order that nobody promises."""

    def __init__(self, *reports: Object) -> None:
        self.reports = list(reports)
        self.asked: list[Object] = []

    def answer(self, asked: Object) -> Object:
        self.asked.append(asked)
        found = [each for each in self.reports if each["created_on"] >= asked["created_after"]]
        begin = int(asked.get("pagination_token", 0))
        address = f"https://elsewhere.example/reports?limit=2&pagination_token={begin + 2}"
        links = {"next": {"href": address}} if len(found) > begin + 2 else {}
        return {"data": found[begin : begin + 2], "_links": links}


def walk(psp: CheckoutCom, cursor: str = "") -> Iterator[tuple[str, str]]:
    """Go on until there is no more now; return the reports on the way, each with where the walk goes on after it."""
    here = Walk.read(cursor) if cursor else Walk.begun(SINCE)
    while True:
        report = here.next_report
        if report is not None:
            here = Walk.read(here.page_of(report, ()).cursor)
            yield report.report_id, str(here)
            if here.queue:
                continue
            return
        page = here.page(psp.answer(here.asks_for()))
        assert page.lines == ()
        here = Walk.read(page.cursor)
        if not page.more:
            yield "", str(here)
            return


def names(steps: list[tuple[str, str]]) -> list[str]:
    return [name.removeprefix("rpt_") for name, _ in steps]


def test_reports_are_read_in_the_order_in_which_they_were_made_and_each_once() -> None:
    # Given
    psp = CheckoutCom(told("B", "03T02:00:00"), told("C", "04T02:00:00"), told("A", "02T02:00:00.1234567"))
    # When
    first = list(walk(psp))
    # Then
    assert names(first) == ["A", "B", "C"]
    # When there is another one
    psp.reports.append(told("D", "05T02:00:00"))
    second = list(walk(psp, first[-1][1]))
    assert names(second) == ["D"]
    assert names(list(walk(psp, second[-1][1]))) == [""]
    assert psp.asked[0] == {"created_after": "2026-11-01T00:00:00Z", "limit": 100}
    assert psp.asked[1] == {**psp.asked[0], "pagination_token": "2"}


def test_what_was_made_before_is_not_read() -> None:
    psp = CheckoutCom(told("A", "01T02:00:00", created_on="2026-10-31T23:59:59Z"), told("B", "01T00:00:00"))
    assert names(list(walk(psp))) == ["B"]


def test_a_walk_goes_on_from_wherever_it_ended() -> None:
    psp = CheckoutCom(*(told(name, f"0{day}T02:00:00") for day, name in enumerate("ABCDE", start=2)))
    steps = list(walk(psp))
    for at, (_, cursor) in enumerate(steps[:-1]):
        assert names(list(walk(psp, cursor))) == names(steps[at + 1 :])


def test_the_list_need_not_go_back_for_ever() -> None:
    psp = CheckoutCom(told("A", "02T02:00:00"), told("B", "20T02:00:00.9"))
    *_, (_, cursor) = walk(psp)
    here = Walk.read(cursor)
    assert here.asks_for() == {"created_after": "2026-11-18T02:00:00Z", "limit": 100}
    assert set(here.done) == {"rpt_B"}


def test_a_report_that_is_listed_late_is_read_all_the_same() -> None:
    psp = CheckoutCom(told("B", "20T02:00:00"))
    *_, (_, cursor) = walk(psp)
    psp.reports.append(told("A", "18T03:00:00"))
    assert names(list(walk(psp, cursor))) == ["A"]


def test_a_report_without_files_yet_is_waited_for_however_long_that_takes() -> None:
    # Given
    late = told("A", "02T02:00:00", files=[])
    psp = CheckoutCom(late, *(told(name, f"1{day}T02:00:00") for day, name in enumerate("BCD")))
    steps = list(walk(psp))
    assert names(steps) == ["B", "C", "D"]
    steps = list(walk(psp, steps[-1][1]))
    assert names(steps) == [""]
    # When
    late["files"] = told("A", "")["files"]
    # Then
    steps = list(walk(psp, steps[-1][1]))
    assert names(steps) == ["A"]
    # And the list need not go back for it any more
    assert Walk.read(steps[-1][1]).since == "2026-11-10T02:00:00Z"


def test_only_reports_of_payouts_are_read() -> None:
    psp = CheckoutCom(
        told("A", "02T02:00:00", type="Balances"),
        told("B", "03T02:00:00", tags=None),
        told("C", "04T02:00:00", tags=["monthly"]),
        told("D", "05T02:00:00", type="Financial Actions"),
        told("E", "06T02:00:00", type="FinancialActionsByPayout", tags=[]),
    )
    assert names(list(walk(psp))) == ["D", "E"]


def test_the_files_of_a_report_are_read_in_the_order_of_their_names() -> None:
    files = [{"id": f"file_{at}", "filename": f"a_{at}.csv", "format": "csv"} for at in (3, 1, 2)]
    here = Walk.begun(SINCE).page({"data": [told("A", "02T02:00:00", files=files)]})
    report = Walk.read(here.cursor).next_report
    assert report is not None
    assert report.files == ("file_1", "file_2", "file_3")
    assert report.made_at == datetime(2026, 11, 2, 2, tzinfo=UTC)


def test_where_the_list_goes_on_is_a_word_and_no_address() -> None:
    answer = {"data": [], "_links": {"next": {"href": "https://evil.example/?pagination_token=abc%3D"}}}
    page = Walk.begun(SINCE).page(answer)
    assert page.more
    assert Walk.read(page.cursor).asks_for()["pagination_token"] == "abc="


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"data": None},
        {"data": ["rpt_1"]},
        {"data": [told("A", "02T02:00:00", id="")]},
        {"data": [told("A", "02T02:00:00", created_on="soon")]},
        {"data": [told("A", "02T02:00:00", files=None)]},
        {"data": [told("A", "02T02:00:00", files=[{"id": "file_1", "filename": "a.xlsx", "format": "XLSX"}])]},
        {"data": [told("A", "02T02:00:00", files=[{"id": None, "filename": "a.csv", "format": "CSV"}])]},
        {"data": [], "_links": ["next"]},
    ],
)
def test_a_list_that_cannot_be_read_is_none(answer: Object) -> None:
    with pytest.raises(UNREADABLE):
        Walk.begun(SINCE).page(answer)


def test_a_list_that_goes_round_is_not_followed() -> None:
    answer = {"data": [], "_links": {"next": {"href": "https://psp.invalid/?pagination_token=1"}}}
    page = Walk.begun(SINCE).page(answer)
    with pytest.raises(UNREADABLE):
        Walk.read(page.cursor).page(answer)
