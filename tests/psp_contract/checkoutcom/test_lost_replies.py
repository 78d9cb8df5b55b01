"""A reply that is lost leaves the outcome unknown; the key, the look-up and the PSP's record tell the truth."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from ledger.money import Money
from payments.psp.outcomes import (
    Approved,
    CaptureFailed,
    CapturePending,
    CaptureSucceeded,
    Declined,
    NotFoundAtPsp,
    Pending,
    RefundFailed,
    RefundPending,
    RefundSucceeded,
    RequiresAction,
    Unknown,
    Voided,
)
from tests.processes import Program, running
from tests.psp_contract.calls import EUR
from tests.psp_contract.checkoutcom.backend import SIMULATOR, at_simulator
from tests.psp_contract.conftest import Backend
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
        SIMULATOR.send_webhooks(process.url, endpoint.url)
        yield Backend(SIMULATOR, process, at_simulator(process.url, read_timeout_seconds=0.7), endpoint)
        httpx.post(f"{process.url}/_simulator/webhooks", json={"mode": "hold"}).raise_for_status()


def _control(psp: Backend, what: str, **command: Any) -> None:
    httpx.post(f"{psp.program.url}/_simulator/{what}", json=command).raise_for_status()


def _taken(psp: Backend) -> list[tuple[int, int]]:
    """Return (captured, refunded) of every payment in the PSP's own record."""
    rows = httpx.get(f"{psp.program.url}/_simulator/record").raise_for_status().json()["charges"]
    return [(row["captured_minor"], row["refunded_minor"]) for row in rows]


@pytest.mark.parametrize("token", ["src_dropReply", "src_lateReply", "src_error500After", "tok_dropReply_1"])
def test_a_charge_whose_reply_is_lost_is_found_by_our_attempt(psp: Backend, token: str) -> None:
    attempt = uuid4()
    assert isinstance(psp.authorize(token, attempt=attempt), Unknown)
    assert _taken(psp) == [(1290, 0)]
    found = psp.adapter.retrieve(attempt_id=attempt, psp_reference=None)
    assert isinstance(found, Approved)
    assert (found.captured, found.money) == (True, EUR)


@pytest.mark.parametrize("token", ["src_resetBefore", "src_error500", "src_rateLimit"])
def test_a_charge_that_never_began_is_unknown_all_the_same(psp: Backend, token: str) -> None:
    attempt = uuid4()
    assert isinstance(psp.authorize(token, attempt=attempt), Unknown)
    assert _taken(psp) == []
    assert psp.adapter.retrieve(attempt_id=attempt, psp_reference=None) == NotFoundAtPsp()


@pytest.mark.parametrize(
    "token", ["src_dropReply", "src_lateReply", "src_resetBefore", "src_error500", "src_rateLimit"]
)
def test_the_same_key_again_charges_once(psp: Backend, token: str) -> None:
    attempt = uuid4()
    assert isinstance(psp.authorize(token, attempt=attempt), Unknown)
    assert isinstance(psp.authorize(token, attempt=attempt), Approved)
    assert _taken(psp) == [(1290, 0)]


def test_after_an_error_of_theirs_the_same_key_charges_again_which_the_look_up_before_it_prevents(psp: Backend) -> None:
    attempt = uuid4()
    assert isinstance(psp.authorize("src_error500After", attempt=attempt), Unknown)
    assert isinstance(psp.adapter.retrieve(attempt_id=attempt, psp_reference=None), Approved)
    # Who does not look first
    assert isinstance(psp.authorize("src_error500After", attempt=attempt), Approved)
    assert _taken(psp) == [(1290, 0)] * 2


def test_a_token_that_our_lost_request_has_used_is_no_decline(psp: Backend) -> None:
    attempt = uuid4()
    assert isinstance(psp.authorize("tok_error500After_1", attempt=attempt), Unknown)
    again = psp.authorize("tok_error500After_1", attempt=attempt)
    assert isinstance(again, Approved)
    assert _taken(psp) == [(1290, 0)]
    other = psp.authorize("tok_error500After_1")
    assert isinstance(other, Declined)
    assert (other.reason, _taken(psp)) == ("invalid_payment_method", [(1290, 0)])


def test_not_found_is_no_proof_while_the_list_lags_and_the_key_keeps_it_harmless(psp: Backend) -> None:
    attempt = uuid4()
    psp.authorize("src_dropReply", attempt=attempt)
    _control(psp, "faults", search_lag_seconds=60)
    assert psp.adapter.retrieve(attempt_id=attempt, psp_reference=None) == NotFoundAtPsp()
    assert isinstance(psp.authorize("src_dropReply", attempt=attempt), Approved)
    assert _taken(psp) == [(1290, 0)]


def test_one_key_from_many_threads_charges_once(psp: Backend) -> None:
    _control(psp, "faults", delay_seconds=0.3)
    attempt = uuid4()
    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(lambda _: psp.authorize(attempt=attempt), range(8)))
    assert [type(outcome).__name__ for outcome in outcomes if not isinstance(outcome, Unknown)] == ["Approved"]
    assert all("HTTP 429" in outcome.detail for outcome in outcomes if isinstance(outcome, Unknown))
    assert _taken(psp) == [(1290, 0)]


def test_one_attempt_charged_twice_under_two_keys_is_for_people_to_look_at(psp: Backend) -> None:
    attempt = uuid4()
    for key in ("a", "b"):
        psp.adapter.authorize(
            key=f"{attempt}:{key}", attempt_id=attempt, money=EUR, token="src_visa", capture=True, description=""
        )
    found = psp.adapter.retrieve(attempt_id=attempt, psp_reference=None)
    assert found == Unknown(detail="2 payments for one attempt")


def test_another_amount_than_asked_is_reported(psp: Backend) -> None:
    outcome = psp.authorize("src_otherAmount")
    assert isinstance(outcome, Approved)
    assert outcome.money == Money(1289, "EUR")


def _capture(psp: Backend, payment: str, capture: UUID, minor: int, *, final: bool = True) -> object:
    return psp.adapter.capture(
        key=f"{capture}:capture:1",
        capture_id=capture,
        psp_reference=payment,
        money=Money(minor, "EUR"),
        final=final,
    )


def test_a_capture_whose_reply_is_lost_is_made_once(psp: Backend) -> None:
    payment, capture = psp.approved(capture=False).psp_reference, uuid4()
    _control(psp, "faults", next=["drop_reply"])
    assert isinstance(_capture(psp, payment, capture, 1000), Unknown)
    found = psp.adapter.retrieve(attempt_id=uuid4(), psp_reference=payment)
    assert found == Approved(payment, captured=True, money=Money(1000, "EUR"))
    assert isinstance(_capture(psp, payment, capture, 1000), CapturePending)
    assert _taken(psp) == [(1000, 0)]


def test_a_capture_that_an_error_hid_is_found_among_the_actions_when_it_is_refused(psp: Backend) -> None:
    payment, capture = psp.approved(capture=False).psp_reference, uuid4()
    _control(psp, "faults", next=["error500_after"])
    assert isinstance(_capture(psp, payment, capture, 1000), Unknown)
    again = _capture(psp, payment, capture, 1000)
    assert isinstance(again, CaptureSucceeded)
    assert (again.money, _taken(psp)) == (Money(1000, "EUR"), [(1000, 0)])
    other = _capture(psp, payment, uuid4(), 290)
    assert isinstance(other, CaptureFailed)
    assert other.reason == "wrong_state"


def test_a_void_whose_reply_is_lost_is_made_once(psp: Backend) -> None:
    payment = psp.approved(capture=False).psp_reference
    _control(psp, "faults", next=["drop_reply"])
    assert isinstance(psp.adapter.void(key="k:void:1", psp_reference=payment), Unknown)
    assert psp.adapter.void(key="k:void:1", psp_reference=payment) == Pending(payment)
    assert psp.adapter.void(key="k:void:2", psp_reference=payment) == Voided(payment)


def test_the_rest_of_a_payment_is_let_go_of_once(psp: Backend) -> None:
    payment = psp.approved(capture=False).psp_reference
    _capture(psp, payment, uuid4(), 400, final=False)
    assert psp.adapter.void(key="k:void:1", psp_reference=payment) == Pending(payment)
    assert psp.adapter.void(key="k:void:2", psp_reference=payment) == Voided(payment)
    assert _taken(psp) == [(400, 0)]


@pytest.mark.parametrize(("mishap", "again"), [("drop_reply", RefundPending), ("error500_after", RefundSucceeded)])
def test_a_refund_whose_reply_is_lost_is_paid_once(psp: Backend, mishap: str, again: type) -> None:
    payment, refund = psp.approved().psp_reference, uuid4()

    def ask() -> object:
        return psp.adapter.refund(key=f"{refund}:refund:1", psp_reference=payment, refund_id=refund, money=EUR)

    _control(psp, "faults", next=[mishap])
    assert isinstance(ask(), Unknown)
    assert isinstance(psp.adapter.retrieve_refund(refund_id=refund, psp_reference=payment), RefundSucceeded)
    assert isinstance(ask(), again)
    assert _taken(psp) == [(1290, 1290)]


def test_a_look_up_that_fails_is_no_evidence(psp: Backend) -> None:
    payment = psp.approved().psp_reference
    _control(psp, "faults", next_reads=["error500", "reset", "rate_limit"])
    outcomes = [psp.adapter.retrieve(attempt_id=uuid4(), psp_reference=payment) for _ in range(4)]
    assert [type(outcome).__name__ for outcome in outcomes] == ["Unknown", "Unknown", "Unknown", "Approved"]


def test_a_slow_refund_is_pending_until_it_is_paid(psp: Backend) -> None:
    payment, refund = psp.authorize("src_slow"), uuid4()
    assert isinstance(payment, Approved)
    _control(psp, "clock", advance_seconds=31)
    reference = psp.taken(payment).psp_reference
    began = psp.adapter.refund(key="k", psp_reference=reference, refund_id=refund, money=EUR)
    assert isinstance(began, RefundPending)
    assert psp.adapter.retrieve_refund(refund_id=refund, psp_reference=reference) == began
    _control(psp, "clock", advance_seconds=31)
    ended = RefundSucceeded(began.psp_reference, EUR)
    assert psp.adapter.retrieve_refund(refund_id=refund, psp_reference=reference) == ended


def test_a_refund_may_come_back_after_it_was_paid(psp: Backend) -> None:
    payment, refund = psp.authorize("src_refundFails"), uuid4()
    assert isinstance(payment, Approved)
    reference = payment.psp_reference
    began = psp.adapter.refund(key="k", psp_reference=reference, refund_id=refund, money=EUR)
    assert isinstance(began, RefundPending)
    assert psp.settled(began) == RefundSucceeded(began.psp_reference, EUR)
    _control(psp, "clock", advance_seconds=31)
    failed = RefundFailed(began.psp_reference, reason="20158: Declined")
    assert psp.adapter.retrieve_refund(refund_id=refund, psp_reference=reference) == failed


def test_a_capture_may_come_to_nothing(psp: Backend) -> None:
    held, capture = psp.authorize("src_captureFails", capture=False), uuid4()
    assert isinstance(held, Approved)
    began = _capture(psp, held.psp_reference, capture, 1290)
    assert isinstance(began, CapturePending)
    _control(psp, "clock", advance_seconds=31)
    ended = psp.settled(began)
    assert ended == CaptureFailed(began.psp_reference, reason="wrong_state", message="20109: Declined")
    assert psp.adapter.retrieve(attempt_id=uuid4(), psp_reference=held.psp_reference) == held


def test_who_never_comes_to_the_banks_page_is_declined(psp: Backend) -> None:
    outcome = psp.authorize("src_3ds")
    assert isinstance(outcome, RequiresAction)
    _control(psp, "clock", advance_seconds=15 * 60 + 1)
    found = psp.adapter.retrieve(attempt_id=uuid4(), psp_reference=outcome.psp_reference)
    assert isinstance(found, Declined)
    assert (found.reason, found.soft) == ("authentication_failed", False)


def test_what_nobody_captures_is_let_go_of(psp: Backend) -> None:
    held = psp.approved(capture=False)
    _control(psp, "clock", advance_seconds=7 * 24 * 3600 + 1)
    found = psp.adapter.retrieve(attempt_id=uuid4(), psp_reference=held.psp_reference)
    assert found == Voided(held.psp_reference)


def test_a_stolen_card_is_not_called_so(psp: Backend) -> None:
    outcome = psp.authorize("src_visa_decline_30043")
    assert isinstance(outcome, Declined)
    assert (outcome.reason, outcome.soft) == ("card_declined", False)
    assert outcome.message == "30043: Stolen card - Pick up"


def test_the_record_outlives_a_crash_between_two_calls(tmp_path: Path) -> None:
    with running(SIMULATOR.program(tmp_path)) as program, closing(Endpoint()) as endpoint:
        psp = Backend(SIMULATOR, program, at_simulator(program.url), endpoint)
        attempt = uuid4()
        held = psp.authorize(attempt=attempt)
        program.kill9()
        program.start()
        # On the same session: its open connection died with the server
        assert psp.authorize(attempt=attempt) == held
        assert isinstance(psp.adapter.retrieve(attempt_id=attempt, psp_reference=None), Approved)
        assert _taken(psp) == [(1290, 0)]
