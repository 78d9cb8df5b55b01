"""What Checkout.com settles: reports of its payouts, through its SDK, and files from where it says that they are."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from ledger.money import Money
from payments.psp.base import PspAdapter
from payments.psp.checkoutcom_reports import Walk
from payments.psp.outcomes import Approved, NotSent, RefundPending, Unknown
from payments.psp.settlement import SettlementLine, SettlementPage
from payments.states import LineKind
from tests.broken_server import Behaviour, answer, broken_server, in_turn, keep_silent, reset, say
from tests.payments.psp.checkoutcom_csv import PAYOUT, report, row
from tests.processes import Program, free_port, running, simulator
from tests.psp_contract.calls import EUR
from tests.psp_contract.checkoutcom.backend import adapter_at, at_simulator
from tests.psp_contract.checkoutcom.replies import refused

K = LineKind
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with running(simulator(tmp_path_factory.mktemp("simulator"))) as program:
        yield program


@pytest.fixture
def adapter(program: Program) -> PspAdapter:
    httpx.delete(f"{program.url}/_simulator/data").raise_for_status()
    return at_simulator(program.url)


def steer(program: Program, what: str, **command: Any) -> dict[str, Any]:
    answer = httpx.post(f"{program.url}/_simulator/checkoutcom/{what}", json=command)
    return dict(answer.raise_for_status().json())


def pay(adapter: PspAdapter, attempt: UUID, *, token: str = "src_visa", money: Money = EUR) -> str:
    """Take money and return the payment's id."""
    outcome = adapter.authorize(
        key=f"{attempt}:authorize:1", attempt_id=attempt, money=money, token=token, capture=True, description="A test"
    )
    assert isinstance(outcome, Approved), outcome
    return outcome.psp_reference


def read(adapter: PspAdapter, cursor: str = "") -> tuple[list[SettlementLine], str]:
    """Return all lines from a cursor on, and where they end."""
    lines: list[SettlementLine] = []
    while True:
        page = adapter.settlement_lines(since=LONG_AGO, cursor=cursor, limit=2)
        assert isinstance(page, SettlementPage), page
        lines += page.lines
        cursor = page.cursor
        if not page.more:
            return lines, cursor


def test_every_payout_is_read_to_the_cent_once(program: Program, adapter: PspAdapter) -> None:
    # Given
    assert read(adapter)[0] == []
    attempts = [uuid4() for _ in range(3)]
    payments = [pay(adapter, attempt) for attempt in attempts]
    assert read(adapter)[0] == []
    payout = steer(program, "payouts", parts=2)
    # When
    lines, cursor = read(adapter)
    # Then
    charges = {line.our_id: line for line in lines if line.kind is K.CHARGE}
    assert {attempt: line.payment_reference for attempt, line in charges.items()} == dict(
        zip(attempts, payments, strict=True)
    )
    assert {(line.gross, line.fee) for line in charges.values()} == {(EUR, Money(12, "EUR"))}
    assert [line.fee for line in lines if line.kind is K.FEE][:3] == [Money(8, "EUR")] * 3
    (paid,) = [line for line in lines if line.kind is K.PAYOUT]
    # 3 x (12.90 - 0.12255 - 0.08) is 38.09235
    assert (payout["amount"], paid.net, paid.psp_reference) == ("38.09", Money(-3809, "EUR"), payout["payout"])
    assert sum(line.net.amount_minor for line in lines) == 0
    assert {line.payout_reference for line in lines} == {payout["payout"]}
    # When it is asked again, and when there is another one
    assert read(adapter, cursor)[0] == []
    pay(adapter, uuid4())
    steer(program, "payouts")
    more, _ = read(adapter, cursor)
    assert [line.kind for line in more if line.kind is not K.FEE] == [K.CHARGE, K.PAYOUT]
    assert {line.line_id for line in more}.isdisjoint(line.line_id for line in lines)


def test_a_refund_is_told_by_our_name_and_theirs_and_one_that_comes_back_as_well(
    program: Program, adapter: PspAdapter
) -> None:
    payment, refund = pay(adapter, uuid4(), token="src_refundFails"), uuid4()
    pending = adapter.refund(key=f"{refund}:refund:1", psp_reference=payment, refund_id=refund, money=Money(290, "EUR"))
    assert isinstance(pending, RefundPending)
    httpx.post(f"{program.url}/_simulator/clock", json={"advance_seconds": 31}).raise_for_status()
    adapter.retrieve_refund(refund_id=refund, psp_reference=payment)
    steer(program, "payouts")
    lines, _ = read(adapter)
    told = {line.kind: line for line in lines if line.kind in {K.REFUND, K.REFUND_FAILURE}}
    assert told[K.REFUND].gross == Money(-290, "EUR")
    assert told[K.REFUND_FAILURE].gross == Money(290, "EUR")
    names = {(line.psp_reference, line.our_id, line.payment_reference) for line in told.values()}
    assert names == {(pending.psp_reference, refund, payment)}


def test_a_chargeback_is_the_dispute_s_that_webhooks_tell_of(program: Program, adapter: PspAdapter) -> None:
    payment = pay(adapter, uuid4())
    pay(adapter, uuid4(), money=Money(5000, "EUR"))
    dispute = steer(program, "disputes", payment=payment, amount=1000)["id"]
    steer(program, "disputes", id=dispute, event="won")
    steer(program, "payouts")
    lines, _ = read(adapter)
    told = [(line.kind, line.psp_reference, line.gross) for line in lines if line.psp_reference == dispute]
    taken = Money(1000, "EUR")
    assert told == [(K.DISPUTE, dispute, -taken), (K.DISPUTE_REVERSAL, dispute, taken)]


def test_what_is_held_in_another_currency_says_at_which_rate(program: Program, adapter: PspAdapter) -> None:
    steer(program, "held", currency="USD", held_in="EUR", rate="0.9213")
    pay(adapter, uuid4(), money=Money(1290, "USD"))
    steer(program, "payouts")
    (charge,) = [line for line in read(adapter)[0] if line.kind is K.CHARGE]
    # 12.90 x 0.9213 is 11.88477
    assert (charge.gross, charge.original) == (Money(1188, "EUR"), Money(1290, "USD"))
    assert str(charge.exchange_rate) == "0.9213"


def test_nothing_from_before_is_read(program: Program, adapter: PspAdapter) -> None:
    pay(adapter, uuid4())
    steer(program, "payouts")
    page = adapter.settlement_lines(since=datetime.now(UTC) + timedelta(days=1), cursor="", limit=2)
    assert isinstance(page, SettlementPage)
    assert (page.lines, page.more) == ((), False)


FILE = {"id": "file_1", "filename": "financial-actions_ent_1_1.csv", "format": "CSV"}
REPORT = {
    "id": "rpt_1",
    "created_on": "2026-11-24T03:00:00Z",
    "type": "FinancialActions",
    "tags": [f"payout_id:{PAYOUT}"],
    "files": [FILE],
}
CURSOR = Walk.begun(LONG_AGO).page({"data": [REPORT]}).cursor
SECRET = "signature-of-the-file"
WHOLE = report(row("Capture", "12.90"))


def elsewhere(url: str) -> Behaviour:
    """Say where the file is."""
    return answer(302, "", f"Location: {url}/file?X-Amz-Signature={SECRET}")


def test_a_file_s_host_never_sees_our_key() -> None:
    with (
        broken_server(answer(200, report(row("Capture", "12.90")))) as files,
        broken_server(elsewhere(files.url)) as api,
    ):
        page = adapter_at(api.url).settlement_lines(since=LONG_AGO, cursor=CURSOR, limit=2)
    assert isinstance(page, SettlementPage), page
    assert [(line.kind, line.net.amount_minor) for line in page.lines] == [(K.CHARGE, 1290), (K.PAYOUT, -1290)]
    assert page.more is False
    assert api.requests[0].startswith(b"GET /reports/rpt_1/files/file_1 ")
    assert b"Bearer sk_sbox_contract" in api.requests[0]
    (asked,) = files.requests
    assert asked.startswith(f"GET /file?X-Amz-Signature={SECRET} ".encode())
    assert b"sk_sbox" not in asked


FILES: dict[str, Behaviour] = {
    "nothing": keep_silent,
    "a reset": reset,
    "403": answer(403, "<Error><Code>AccessDenied</Code></Error>"),
    "half of it": say(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + WHOLE),
    "a page": answer(200, "<html>Sorry</html>"),
    "another place": answer(302, "", "Location: http://127.0.0.1:1/"),
    "an amount that is none": answer(200, report(row("Capture", "dear"))),
}


@pytest.mark.parametrize("file", list(FILES))
def test_a_file_that_does_not_come_whole_is_not_read_and_its_address_is_told_nobody(file: str) -> None:
    with broken_server(FILES[file]) as files, broken_server(elsewhere(files.url)) as api:
        page = adapter_at(api.url, read_timeout_seconds=0.5).settlement_lines(since=LONG_AGO, cursor=CURSOR, limit=2)
    assert isinstance(page, Unknown), page
    assert page.detail
    assert SECRET not in page.detail


def test_where_a_file_s_host_does_not_listen_its_address_is_told_nobody() -> None:
    with broken_server(elsewhere(f"http://127.0.0.1:{free_port()}")) as api:
        page = adapter_at(api.url).settlement_lines(since=LONG_AGO, cursor=CURSOR, limit=2)
    assert isinstance(page, NotSent)
    assert SECRET not in page.detail


ADDRESSES: dict[str, tuple[Behaviour, str]] = {
    "no redirect": (answer(200, "{}"), "a report's file has no address"),
    "a redirect to nowhere": (answer(302, ""), "a report's file has no address"),
    "a way that others could read and write on": (answer(302, "", "Location: ftp://files.invalid/a"), "unprotected"),
    "404": (refused(404), "404: "),
    "401": (answer(401, ""), "HTTP 401"),
    "500": (answer(500, ""), "HTTP 500"),
    "nothing": (keep_silent, "no reply: "),
}


@pytest.mark.parametrize("address", list(ADDRESSES))
def test_without_an_address_no_file_is_read(address: str) -> None:
    behaviour, why = ADDRESSES[address]
    with broken_server(behaviour) as api:
        page = adapter_at(api.url, read_timeout_seconds=0.5).settlement_lines(since=LONG_AGO, cursor=CURSOR, limit=2)
    assert isinstance(page, Unknown), page
    assert why in page.detail


LISTS: dict[str, Behaviour] = {
    "nothing": keep_silent,
    "a reset": reset,
    "500": answer(500, ""),
    "401": answer(401, ""),
    "403": refused(403),
    "a page": answer(200, "welcome"),
    "no list": answer(200, '{"hello": "world"}'),
    "a report that says nothing": answer(200, '{"data": [{"id": "rpt_1"}]}'),
}


@pytest.mark.parametrize("told", list(LISTS))
def test_a_list_that_cannot_be_read_is_no_page(told: str) -> None:
    with broken_server(LISTS[told]) as api:
        page = adapter_at(api.url, read_timeout_seconds=0.5).settlement_lines(since=LONG_AGO, cursor="", limit=2)
    assert isinstance(page, Unknown), page


def test_where_nobody_listens_nothing_is_read() -> None:
    page = adapter_at(f"http://127.0.0.1:{free_port()}").settlement_lines(since=LONG_AGO, cursor="", limit=2)
    assert isinstance(page, NotSent)


@pytest.mark.parametrize("disputes", [answer(500, ""), reset, answer(200, "{}"), answer(200, '{"data": [{}, {}]}')])
def test_a_report_is_not_read_while_nobody_knows_which_dispute_it_tells_of(disputes: Behaviour) -> None:
    told = report(row("Capture", "100.00"), row("Chargeback (ADJM)", "-12.90", action="act_2"))
    with broken_server(answer(200, told)) as files, broken_server(in_turn(elsewhere(files.url), disputes)) as api:
        page = adapter_at(api.url).settlement_lines(since=LONG_AGO, cursor=CURSOR, limit=2)
    assert isinstance(page, Unknown), page
    assert api.requests[1].startswith(b"GET /disputes?payment_id=pay_1&limit=100 ")


def test_of_a_report_only_what_is_booked_by_is_kept() -> None:
    with (
        broken_server(answer(200, report(row("Capture", "12.90")))) as files,
        broken_server(elsewhere(files.url)) as api,
    ):
        page = adapter_at(api.url).settlement_lines(since=LONG_AGO, cursor=CURSOR, limit=2)
    assert isinstance(page, SettlementPage), page
    assert "Ada" not in json.dumps([dict(line.raw) for line in page.lines])
