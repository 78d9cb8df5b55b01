"""What a PSP settles: a line for whatever moved, read page by page until there are no more, and nothing twice."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from payments.psp.base import PspAdapter
from payments.psp.outcomes import NotSent, Unknown
from payments.psp.settlement import NoSettlementLines, SettlementLine, SettlementPage
from payments.states import LineKind
from tests.broken_server import answer, broken_server, keep_silent, reset
from tests.processes import free_port
from tests.psp_contract.backends import PSPS
from tests.psp_contract.calls import EUR
from tests.psp_contract.conftest import Backend
from tests.psp_contract.pairs import Psp

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def read(adapter: PspAdapter, cursor: str = "", *, limit: int = 2) -> tuple[list[SettlementLine], str]:
    """Return all lines from a cursor on, and where they end."""
    lines: list[SettlementLine] = []
    while True:
        page = adapter.settlement_lines(since=LONG_AGO, cursor=cursor, limit=limit)
        assert isinstance(page, SettlementPage), page
        lines += page.lines
        cursor = page.cursor
        if not page.more:
            return lines, cursor


def test_what_was_taken_and_paid_back_has_a_line_each(backend: Backend) -> None:
    # Given an account whose lines so far are read
    if not backend.can.settles:
        told = backend.adapter.settlement_lines(since=LONG_AGO, cursor="", limit=2)
        assert isinstance(told, NoSettlementLines | Unknown)
        return
    backend.server.pay_out(backend.program.url)
    _, cursor = read(backend.adapter)
    # When
    attempts = [uuid4() for _ in range(3)]
    payments = [backend.authorize(attempt=attempt).psp_reference for attempt in attempts]  # type: ignore[union-attr]  # approved
    backend.refund(str(payments[0]), 290)
    backend.server.pay_out(backend.program.url)
    # Then
    lines, end = read(backend.adapter, cursor)
    charges = {line.our_id: line for line in lines if line.kind is LineKind.CHARGE}
    assert set(charges) == set(attempts)
    assert {line.payment_reference for line in charges.values()} == set(payments)
    assert {line.gross for line in charges.values()} == {EUR}
    assert all(line.net == line.gross - line.fee for line in lines)
    (refund,) = [line for line in lines if line.kind is LineKind.REFUND]
    assert (refund.gross.amount_minor, refund.payment_reference) == (-290, payments[0])
    assert len({line.line_id for line in lines}) == len(lines)
    assert Counter(line.kind for line in lines if line.kind not in {LineKind.FEE, LineKind.PAYOUT}).total() == 4
    # When it is asked again
    assert read(backend.adapter, end)[0] == []


def test_nothing_from_before_is_read(backend: Backend) -> None:
    backend.approved()
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    page = backend.adapter.settlement_lines(since=tomorrow, cursor="", limit=2)
    assert not isinstance(page, SettlementPage) or (page.lines, page.more) == ((), False)


@pytest.fixture(params=list(PSPS))
def psp(request: pytest.FixtureRequest) -> Psp:
    return PSPS[request.param]


@pytest.mark.parametrize(
    "reply",
    [
        keep_silent,
        reset,
        answer(500, "{}"),
        answer(200, "welcome"),
        answer(200, '{"hello": "world"}'),
        answer(401, "{}"),
        answer(200, '{"data": [{"id": "txn_1"}], "has_more": false}'),
    ],
)
def test_what_cannot_be_read_is_no_page(psp: Psp, reply: object) -> None:
    with broken_server(reply) as server:  # type: ignore[arg-type]  # a behaviour
        adapter = psp.adapter_at(server.url, read_timeout_seconds=0.5)
        page = adapter.settlement_lines(since=LONG_AGO, cursor="", limit=2)
    assert isinstance(page, Unknown | NoSettlementLines)


def test_where_nobody_listens_nothing_is_read(psp: Psp) -> None:
    adapter = psp.adapter_at(f"http://127.0.0.1:{free_port()}")
    page = adapter.settlement_lines(since=LONG_AGO, cursor="", limit=2)
    assert isinstance(page, NotSent | NoSettlementLines)
