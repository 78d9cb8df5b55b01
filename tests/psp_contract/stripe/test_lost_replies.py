"""A reply that is lost leaves the outcome unknown; the key, the look-up and the PSP's record tell the truth."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from ledger.money import Money
from payments.psp.news import RefundEvent
from payments.psp.outcomes import (
    Approved,
    CaptureSucceeded,
    Declined,
    NotFoundAtPsp,
    RefundCanceled,
    RefundFailed,
    RefundPending,
    RefundRequiresAction,
    RefundSucceeded,
    Unknown,
    Voided,
)
from tests.processes import Program, running
from tests.psp_contract.calls import EUR
from tests.psp_contract.conftest import Backend
from tests.psp_contract.stripe.backend import SIMULATOR, adapter_at
from tests.webhook_endpoint import Endpoint


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with running(SIMULATOR.program(tmp_path_factory.mktemp("simulator"))) as program:
        yield program


@pytest.fixture
def psp(process: Program) -> Iterator[Backend]:
    """Only our simulator loses replies on demand."""
    httpx.delete(f"{process.url}/_simulator/data").raise_for_status()
    with closing(Endpoint()) as endpoint:
        yield Backend(SIMULATOR, process, adapter_at(process.url, read_timeout_seconds=0.7), endpoint)


def _control(psp: Backend, what: str, **command: Any) -> None:
    httpx.post(f"{psp.program.url}/_simulator/{what}", json=command).raise_for_status()


def _taken(psp: Backend) -> list[tuple[int, int]]:
    """Return (captured, refunded) of every payment in the PSP's own record."""
    rows = httpx.get(f"{psp.program.url}/_simulator/record").raise_for_status().json()["charges"]
    return [(row["captured_minor"], row["refunded_minor"]) for row in rows]


@pytest.mark.parametrize("token", ["pm_tally_dropReply", "pm_tally_slow", "pm_tally_error500After"])
def test_a_charge_whose_reply_is_lost_is_found_by_our_attempt(psp: Backend, token: str) -> None:
    attempt = uuid4()
    assert isinstance(psp.authorize(token, attempt=attempt), Unknown)
    assert _taken(psp) == [(1290, 0)]
    found = psp.adapter.retrieve(attempt_id=attempt, psp_reference=None)
    assert isinstance(found, Approved)
    assert (found.captured, found.money) == (True, EUR)


@pytest.mark.parametrize("token", ["pm_tally_resetBefore", "pm_tally_error500", "pm_tally_rateLimit"])
def test_a_charge_that_never_began_is_unknown_all_the_same(psp: Backend, token: str) -> None:
    attempt = uuid4()
    assert isinstance(psp.authorize(token, attempt=attempt), Unknown)
    assert _taken(psp) == []
    assert psp.adapter.retrieve(attempt_id=attempt, psp_reference=None) == NotFoundAtPsp()


@pytest.mark.parametrize("token", ["pm_tally_dropReply", "pm_tally_slow", "pm_tally_resetBefore", "pm_tally_rateLimit"])
def test_the_same_key_again_charges_once(psp: Backend, token: str) -> None:
    attempt = uuid4()
    assert isinstance(psp.authorize(token, attempt=attempt), Unknown)
    assert isinstance(psp.authorize(token, attempt=attempt), Approved)
    assert _taken(psp) == [(1290, 0)]


def test_not_found_is_no_proof_while_the_index_lags_and_the_key_keeps_it_harmless(psp: Backend) -> None:
    attempt = uuid4()
    psp.authorize("pm_tally_dropReply", attempt=attempt)
    _control(psp, "faults", search_lag_seconds=60)
    assert psp.adapter.retrieve(attempt_id=attempt, psp_reference=None) == NotFoundAtPsp()
    assert isinstance(psp.authorize("pm_tally_dropReply", attempt=attempt), Approved)
    assert _taken(psp) == [(1290, 0)]


def test_one_key_from_many_threads_charges_once(psp: Backend) -> None:
    _control(psp, "faults", delay_seconds=0.3)
    attempt = uuid4()
    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(lambda _: psp.authorize(attempt=attempt), range(8)))
    assert [type(outcome).__name__ for outcome in outcomes if not isinstance(outcome, Unknown)] == ["Approved"]
    assert all("idempotency_key_in_use" in outcome.detail for outcome in outcomes if isinstance(outcome, Unknown))
    assert _taken(psp) == [(1290, 0)]


def test_one_attempt_charged_twice_under_two_keys_is_for_people_to_look_at(psp: Backend) -> None:
    attempt = uuid4()
    for key in ("a", "b"):
        psp.adapter.authorize(
            key=f"{attempt}:{key}", attempt_id=attempt, money=EUR, token="pm_card_visa", capture=True, description=""
        )
    found = psp.adapter.retrieve(attempt_id=attempt, psp_reference=None)
    assert found == Unknown(detail="2 payments for one attempt")


def test_another_amount_than_asked_is_reported(psp: Backend) -> None:
    outcome = psp.authorize("pm_tally_otherAmount")
    assert isinstance(outcome, Approved)
    assert outcome.money == Money(1289, "EUR")


@pytest.mark.parametrize("mishap", ["drop_reply", "error500_after"])
def test_a_capture_whose_reply_is_lost_is_made_once(psp: Backend, mishap: str) -> None:
    payment = psp.approved(capture=False).psp_reference
    part = Money(1000, "EUR")
    _control(psp, "faults", next=[mishap])
    assert isinstance(psp.capture(payment, money=part, key="k:capture:1"), Unknown)
    found = psp.adapter.retrieve(attempt_id=uuid4(), psp_reference=payment)
    assert found == Approved(payment, captured=True, money=part)
    assert psp.capture(payment, money=part, key="k:capture:2") == CaptureSucceeded(payment, part)
    assert _taken(psp) == [(1000, 0)]


def test_a_void_whose_reply_is_lost_is_made_once(psp: Backend) -> None:
    payment = psp.approved(capture=False).psp_reference
    _control(psp, "faults", next=["drop_reply"])
    assert isinstance(psp.adapter.void(key="k:void:1", psp_reference=payment), Unknown)
    for key in ("k:void:1", "k:void:2"):
        assert psp.adapter.void(key=key, psp_reference=payment) == Voided(payment)


def test_a_refund_whose_reply_is_lost_is_paid_once(psp: Backend) -> None:
    payment, refund = psp.approved().psp_reference, uuid4()

    def ask() -> object:
        return psp.adapter.refund(
            key=f"{refund}:refund:1", psp_reference=payment, refund_id=refund, money=Money(290, "EUR")
        )

    _control(psp, "faults", next=["drop_reply"])
    assert isinstance(ask(), Unknown)
    assert isinstance(ask(), RefundSucceeded)
    assert _taken(psp) == [(1290, 290)]


def test_a_look_up_that_fails_is_no_evidence(psp: Backend) -> None:
    payment = psp.approved().psp_reference
    _control(psp, "faults", next_reads=["error500", "reset", "rate_limit"])
    outcomes = [psp.adapter.retrieve(attempt_id=uuid4(), psp_reference=payment) for _ in range(4)]
    assert [type(outcome).__name__ for outcome in outcomes] == ["Unknown", "Unknown", "Unknown", "Approved"]


@pytest.mark.parametrize(
    ("token", "first", "last"),
    [
        ("pm_card_pendingRefund", RefundPending, RefundSucceeded),
        ("pm_card_refundFail", RefundSucceeded, RefundFailed),
        ("pm_tally_refundAsksFirst", RefundRequiresAction, RefundSucceeded),
        ("pm_tally_refundCanceled", RefundRequiresAction, RefundCanceled),
    ],
)
def test_a_refund_may_end_otherwise_than_it_began(psp: Backend, token: str, first: type, last: type) -> None:
    payment, refund = psp.authorize(token), uuid4()
    assert isinstance(payment, Approved)
    began = psp.adapter.refund(key="k", psp_reference=payment.psp_reference, refund_id=refund, money=EUR)
    _control(psp, "clock", advance_seconds=31)
    events = httpx.get(f"{psp.program.url}/v1/events?limit=1", headers={"Authorization": "Bearer sk_test"})
    (told,) = psp.adapter.parse_webhook(body=httpx.Response(200, json=events.json()["data"][0]).content)
    assert isinstance(began, first)
    assert isinstance(told, RefundEvent)
    assert (told.refund_id, told.payment_reference) == (refund, payment.psp_reference)
    assert isinstance(told.outcome, last)


def test_a_stolen_card_is_not_called_so(psp: Backend) -> None:
    outcome = psp.authorize("pm_card_visa_chargeDeclinedStolenCard")
    assert isinstance(outcome, Declined)
    assert (outcome.reason, outcome.soft) == ("card_declined", False)
    assert outcome.message.startswith("stolen_card: ")


def test_the_record_outlives_a_crash_between_two_calls(tmp_path: Path) -> None:
    with running(SIMULATOR.program(tmp_path)) as program, closing(Endpoint()) as endpoint:
        psp = Backend(SIMULATOR, program, adapter_at(program.url), endpoint)
        attempt = uuid4()
        taken = psp.authorize(attempt=attempt)
        program.kill9()
        program.start()
        # On the same session: its open connection died with the server
        assert psp.authorize(attempt=attempt) == taken
        assert psp.adapter.retrieve(attempt_id=attempt, psp_reference=None) == taken
        assert _taken(psp) == [(1290, 0)]
