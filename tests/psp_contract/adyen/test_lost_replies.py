"""A reply that is lost leaves the outcome unknown; the same key or the webhook tells the truth of the record."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from ledger.money import Money
from payments.psp.news import PaymentEvent
from payments.psp.outcomes import Approved, CapturePending, CaptureSucceeded, NoLookUp, Pending, RefundPending, Unknown
from tests.processes import Program, running
from tests.psp_contract.adyen.backend import SIMULATOR, adapter_at, token
from tests.psp_contract.calls import EUR
from tests.psp_contract.conftest import Backend
from tests.waiting import eventually
from tests.webhook_endpoint import Endpoint


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with running(SIMULATOR.program(tmp_path_factory.mktemp("simulator"))) as program:
        yield program


@pytest.fixture
def psp(process: Program) -> Iterator[Backend]:
    httpx.delete(f"{process.url}/_simulator/data").raise_for_status()
    with closing(Endpoint()) as endpoint:
        SIMULATOR.send_webhooks(process.url, endpoint.url)
        yield Backend(SIMULATOR, process, adapter_at(process.url, read_timeout_seconds=0.7), endpoint)


def _control(psp: Backend, what: str, **command: Any) -> None:
    httpx.post(f"{psp.program.url}/_simulator/{what}", json=command).raise_for_status()


def _taken(psp: Backend) -> list[tuple[int, int]]:
    """Return (captured, refunded) of every payment in the PSP's own record."""
    rows = httpx.get(f"{psp.program.url}/_simulator/record").raise_for_status().json()["charges"]
    assert {row["psp"] for row in rows} <= {"adyen"}
    return [(row["captured_minor"], row["refunded_minor"]) for row in rows]


@pytest.mark.parametrize("card", ["dropReply", "slow", "resetBefore", "rateLimit"])
def test_the_same_key_again_charges_once(psp: Backend, card: str) -> None:
    attempt = uuid4()
    assert isinstance(psp.authorize(token(card), attempt=attempt), Unknown)
    assert psp.adapter.retrieve(attempt_id=attempt, psp_reference=None) == NoLookUp()
    assert isinstance(psp.authorize(token(card), attempt=attempt), Approved)
    assert _taken(psp) == [(1290, 0)]


@pytest.mark.parametrize("card", ["dropReply", "error500After"])
def test_a_charge_whose_reply_is_lost_is_told_by_the_webhook(psp: Backend, card: str) -> None:
    attempt = uuid4()
    assert isinstance(psp.authorize(token(card), attempt=attempt), Unknown)

    def told() -> list[object]:
        return [news.outcome for news in psp.news() if isinstance(news, PaymentEvent) and news.attempt_id == attempt]

    eventually(lambda: len(told()) == 1, "the webhook tells of it")
    (outcome,) = told()
    assert isinstance(outcome, Approved)
    assert (outcome.captured, outcome.money) == (True, EUR)
    assert _taken(psp) == [(1290, 0)]


def test_a_500_that_is_kept_is_all_that_the_key_ever_tells(psp: Backend) -> None:
    attempt = uuid4()
    for _ in range(2):
        assert isinstance(psp.authorize(token("error500"), attempt=attempt), Unknown)
    assert _taken(psp) == []


def test_one_key_from_many_threads_charges_once(psp: Backend) -> None:
    _control(psp, "faults", delay_seconds=0.3)
    attempt = uuid4()
    try:
        with ThreadPoolExecutor(8) as threads:
            outcomes = list(threads.map(lambda _: psp.authorize(attempt=attempt), range(8)))
    finally:
        _control(psp, "faults", delay_seconds=0)
    assert [type(outcome).__name__ for outcome in outcomes if not isinstance(outcome, Unknown)] == ["Approved"]
    assert all("704" in outcome.detail for outcome in outcomes if isinstance(outcome, Unknown))
    assert _taken(psp) == [(1290, 0)]


def test_another_amount_than_asked_is_reported(psp: Backend) -> None:
    outcome = psp.authorize(token("otherAmount"))
    assert isinstance(outcome, Approved)
    assert outcome.money == Money(1289, "EUR")


@pytest.mark.parametrize("mishap", ["drop_reply", "reset"])
def test_a_part_whose_reply_is_lost_is_taken_once(psp: Backend, mishap: str) -> None:
    payment, capture = psp.approved(capture=False).psp_reference, uuid4()

    def ask() -> object:
        return psp.adapter.capture(
            key=f"{capture}:capture:1", capture_id=capture, psp_reference=payment, money=Money(900, "EUR"), final=False
        )

    _control(psp, "faults", next=[mishap])
    assert isinstance(ask(), Unknown)
    taken = ask()
    assert isinstance(taken, CapturePending)
    assert psp.settled(taken) == CaptureSucceeded(taken.psp_reference, Money(900, "EUR"))
    assert _taken(psp) == [(900, 0)]


def test_a_void_whose_reply_is_lost_is_made_once(psp: Backend) -> None:
    payment = psp.approved(capture=False).psp_reference
    _control(psp, "faults", next=["drop_reply"])
    assert isinstance(psp.adapter.void(key="k:void:1", psp_reference=payment), Unknown)
    for key in ("k:void:1", "k:void:2"):
        assert psp.adapter.void(key=key, psp_reference=payment) == Pending(payment)
    assert _taken(psp) == [(0, 0)]


def test_a_refund_whose_reply_is_lost_is_paid_once(psp: Backend) -> None:
    payment, refund = psp.approved().psp_reference, uuid4()

    def ask() -> object:
        return psp.adapter.refund(
            key=f"{refund}:refund:1", psp_reference=payment, refund_id=refund, money=Money(290, "EUR")
        )

    _control(psp, "faults", next=["drop_reply"])
    assert isinstance(ask(), Unknown)
    assert isinstance(ask(), RefundPending)
    assert _taken(psp) == [(1290, 290)]


def test_the_record_outlives_a_crash_between_two_calls(tmp_path: Path) -> None:
    with running(SIMULATOR.program(tmp_path)) as program, closing(Endpoint()) as endpoint:
        psp = Backend(SIMULATOR, program, adapter_at(program.url), endpoint)
        attempt = uuid4()
        taken = psp.authorize(attempt=attempt)
        program.kill9()
        program.start()
        # On the same session: its open connection died with the server
        assert psp.authorize(attempt=attempt) == taken
        assert _taken(psp) == [(1290, 0)]
