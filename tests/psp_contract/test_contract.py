"""What every adapter promises, against every server that speaks its protocol."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import psutil
import pytest

from ledger.money import Money
from payments.psp.outcomes import (
    Approved,
    CaptureFailed,
    CaptureSucceeded,
    Declined,
    NoLookUp,
    NotFoundAtPsp,
    Pending,
    RefundFailed,
    RefundSucceeded,
    RequiresAction,
    Unknown,
    Voided,
)
from tests.psp_contract.calls import EUR
from tests.psp_contract.conftest import Backend


def assert_stands(backend: Backend, payment: str | None, expected: object) -> None:
    """Assert how a payment stands by a look-up, where the PSP has such."""
    found = backend.adapter.retrieve(attempt_id=uuid4(), psp_reference=payment)
    assert found == (expected if backend.server.psp.look_ups else NoLookUp())


def test_the_server_listens_on_this_machine_only(backend: Backend) -> None:
    addresses = [
        connection.laddr.ip
        for connection in psutil.net_connections(kind="tcp")
        if connection.laddr and connection.laddr.port == backend.program.port and not connection.raddr
    ]
    assert [address.removeprefix("::ffff:") for address in addresses] == ["127.0.0.1"]


def test_a_good_card_is_captured_at_once_or_held_first(backend: Backend) -> None:
    outcome = backend.authorize()
    assert isinstance(outcome, Approved)
    assert (outcome.captured, outcome.money) == (backend.can.takes_at_once, EUR)
    assert backend.taken(outcome) == Approved(outcome.psp_reference, captured=True, money=EUR)


def test_a_payment_can_be_authorised_and_captured_later(backend: Backend) -> None:
    held = backend.approved(capture=False)
    assert (held.captured, held.money) == (False, EUR)
    taken = backend.capture(held.psp_reference)
    assert isinstance(taken, CaptureSucceeded)
    assert (taken.psp_reference != held.psp_reference, taken.money) == (backend.can.captures_in_parts, EUR)
    assert_stands(backend, held.psp_reference, Approved(held.psp_reference, captured=True, money=EUR))


def test_part_of_an_authorisation_can_be_captured(backend: Backend) -> None:
    held = backend.approved(capture=False)
    part = Money(1000, "EUR")
    taken = backend.capture(held.psp_reference, money=part)
    # A server that does not say how much it took is understood as having taken all: that differs from what we asked,
    # so it is looked into, which is the safe side.
    assert isinstance(taken, CaptureSucceeded)
    assert taken.money == (part if backend.can.reports_captured_part else EUR)


def test_the_rest_of_an_authorisation_is_kept_where_the_psp_does_that(backend: Backend) -> None:
    held = backend.approved(capture=False)
    # 91 are more than what is left
    amounts = [Money(minor, "EUR") for minor in (900, 300, 91, 90)]
    parts = [backend.capture(held.psp_reference, money=money, final=False) for money in amounts]
    if not backend.can.captures_in_parts:
        assert [part.reason for part in parts if isinstance(part, CaptureFailed)] == ["not_supported"] * 4
        assert_stands(backend, held.psp_reference, held)
        return
    assert [type(part).__name__ for part in parts] == [
        "CaptureSucceeded",
        "CaptureSucceeded",
        "CaptureFailed",
        "CaptureSucceeded",
    ]
    assert [part.money for part in parts if isinstance(part, CaptureSucceeded)] == [*amounts[:2], amounts[3]]
    assert len({part.psp_reference for part in parts if isinstance(part, CaptureSucceeded)}) == 3
    assert_stands(backend, held.psp_reference, Approved(held.psp_reference, captured=True, money=EUR))


def test_what_is_left_of_an_authorisation_can_be_voided(backend: Backend) -> None:
    if not backend.can.captures_in_parts:
        # There nothing is left of it: the contract for what is captured holds
        test_what_is_captured_cannot_be_voided(backend)
        return
    held = backend.approved(capture=False)
    backend.capture(held.psp_reference, money=Money(900, "EUR"), final=False)
    assert backend.void(held.psp_reference) == Voided(held.psp_reference)
    assert isinstance(backend.capture(held.psp_reference, money=Money(1, "EUR")), CaptureFailed)


def test_what_is_captured_is_not_captured_again(backend: Backend) -> None:
    taken = backend.approved()
    again = backend.capture(taken.psp_reference, money=Money(500, "EUR"))
    if backend.can.explains_refusals and not backend.can.captures_in_parts:
        assert again == CaptureSucceeded(taken.psp_reference, taken.money)
    else:
        assert isinstance(again, CaptureFailed)


def test_a_declined_card_is_a_decline(backend: Backend) -> None:
    outcome = backend.authorize(backend.server.declined(backend.program.url))
    assert isinstance(outcome, Declined)
    reason = "insufficient_funds" if backend.can.names_decline_reasons else "card_declined"
    assert (outcome.reason, outcome.soft) == (reason, backend.can.names_decline_reasons)
    if not backend.can.names_declined_payments:
        assert outcome.psp_reference is None
        return
    assert_stands(backend, outcome.psp_reference, outcome)


def test_an_unknown_token_is_a_decline(backend: Backend) -> None:
    outcome = backend.authorize(f"{backend.server.psp.good_card}-of-nobody")
    assert isinstance(outcome, Declined)
    reason = "invalid_payment_method" if backend.can.knows_tokens else "invalid_request"
    assert (outcome.reason, outcome.soft) == (reason, False)


def test_an_authorisation_can_be_voided(backend: Backend) -> None:
    held = backend.approved(capture=False)
    voided = backend.void(held.psp_reference)
    assert voided == Voided(held.psp_reference)
    assert_stands(backend, held.psp_reference, voided)


def test_voiding_again_changes_nothing(backend: Backend) -> None:
    held = backend.approved(capture=False)
    backend.void(held.psp_reference)
    if backend.can.refuses_at_once:
        again = backend.void(held.psp_reference)
        assert isinstance(again, Voided if backend.can.explains_refusals else Declined)
    else:
        taken_in = backend.adapter.void(key=f"{uuid4()}", psp_reference=held.psp_reference)
        assert taken_in == Pending(held.psp_reference)


def test_what_is_voided_cannot_be_captured(backend: Backend) -> None:
    held = backend.approved(capture=False)
    backend.void(held.psp_reference)
    outcome = backend.capture(held.psp_reference)
    if backend.can.refuses_to_capture_what_is_canceled:
        assert isinstance(outcome, CaptureFailed)
        assert (outcome.reason == "wrong_state") is backend.can.explains_refusals
    else:
        # It says "canceled" in the reply to a capture: that is no answer to what we asked.
        assert isinstance(outcome, Unknown)


def test_what_is_captured_cannot_be_voided(backend: Backend) -> None:
    taken = backend.approved()
    voided = backend.adapter.void(key=f"{uuid4()}", psp_reference=taken.psp_reference)
    assert isinstance(voided, Declined if backend.can.refuses_at_once else Pending)
    assert_stands(backend, taken.psp_reference, taken)
    assert isinstance(backend.refund(taken.psp_reference, 1290), RefundSucceeded)


def test_a_capture_can_be_refunded_in_parts(backend: Backend) -> None:
    taken = backend.approved()
    outcomes = [backend.refund(taken.psp_reference, minor) for minor in (290, 1000)]
    assert [outcome.money.amount_minor for outcome in outcomes if isinstance(outcome, RefundSucceeded)] == [290, 1000]


def test_our_refund_is_found_among_those_of_its_payment(backend: Backend) -> None:
    if not backend.server.psp.look_ups:
        assert backend.adapter.retrieve_refund(refund_id=uuid4(), psp_reference="r") == NoLookUp()
        return
    payment, ours = backend.approved().psp_reference, uuid4()
    backend.refund(payment, 900)
    assert isinstance(backend.adapter.retrieve_refund(refund_id=ours, psp_reference=payment), NotFoundAtPsp)
    outcome = backend.settled(
        backend.adapter.refund(key=f"{ours}", psp_reference=payment, refund_id=ours, money=Money(290, "EUR"))
    )
    assert backend.adapter.retrieve_refund(refund_id=ours, psp_reference=payment) == outcome
    # What is there twice under our id is for people to look at.
    backend.adapter.refund(key=f"{ours}:2", psp_reference=payment, refund_id=ours, money=Money(100, "EUR"))
    assert isinstance(backend.adapter.retrieve_refund(refund_id=ours, psp_reference=payment), Unknown)


def test_more_than_was_captured_is_not_refunded(backend: Backend) -> None:
    outcome = backend.refund(backend.approved().psp_reference, 1291)
    assert isinstance(outcome, RefundFailed if backend.can.refuses_too_large_refunds else RefundSucceeded)


def test_a_payment_that_is_not_there_is_not_refunded(backend: Backend) -> None:
    outcome = backend.refund("pi_nowhere", 1290)
    assert isinstance(outcome, RefundFailed if backend.can.knows_what_is_not_there else Unknown)


def test_a_payment_that_is_not_there_is_no_evidence(backend: Backend) -> None:
    found = backend.adapter.retrieve(attempt_id=uuid4(), psp_reference="pi_nowhere")
    assert isinstance(found, Unknown if backend.server.psp.look_ups else NoLookUp)


def test_a_payment_is_looked_up_by_our_attempt(backend: Backend) -> None:
    attempt = uuid4()
    approved = backend.authorize(attempt=attempt)
    assert isinstance(approved, Approved)
    taken = backend.taken(approved)
    found = backend.adapter.retrieve(attempt_id=attempt, psp_reference=None)
    other = backend.adapter.retrieve(attempt_id=uuid4(), psp_reference=None)
    if backend.can.searches:
        assert (found, other) == (taken, NotFoundAtPsp())
    elif not backend.server.psp.look_ups:
        assert (found, other) == (NoLookUp(), NoLookUp())
    else:
        # A server without search answers something else: never taken for "it is not there".
        assert isinstance(found, Unknown)
        assert isinstance(other, Unknown)


def test_the_same_key_charges_once(backend: Backend) -> None:
    attempt = uuid4()
    first, second = backend.authorize(attempt=attempt), backend.authorize(attempt=attempt)
    # localstripe knows no idempotency keys: there each call is a charge of its own, which is why we do not lean on it.
    assert (first == second) is backend.can.remembers_keys


def test_threads_that_share_an_adapter_each_get_their_own_answer(backend: Backend) -> None:
    amounts = [Money(100 + number, "EUR") for number in range(24)]
    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(lambda money: backend.authorize(money=money), amounts))
    assert [outcome.money for outcome in outcomes if isinstance(outcome, Approved)] == amounts
    assert len({outcome.psp_reference for outcome in outcomes if isinstance(outcome, Approved)}) == len(amounts)


@pytest.mark.parametrize("approves", [True, False])
def test_three_d_secure_sends_the_buyer_on_and_the_bank_decides(backend: Backend, approves: bool) -> None:
    attempt = uuid4()
    outcome = backend.authorize(backend.server.asked_first(backend.program.url), attempt=attempt)
    assert isinstance(outcome, RequiresAction)
    assert outcome.redirect_url.startswith(backend.program.url) is backend.can.gives_the_banks_address
    assert (outcome.psp_reference is not None) is backend.can.begins_before_the_buyer_is_back
    assert_stands(backend, outcome.psp_reference, outcome)
    brought = backend.server.answer_bank(backend.program.url, outcome, approves)
    for number in (1, 1, 2):
        decided = backend.adapter.finish(
            key=f"{attempt}:finish:{number}",
            attempt_id=attempt,
            psp_reference=outcome.psp_reference,
            returned=brought,
        )
        if approves:
            assert isinstance(decided, Approved)
            assert decided == Approved(outcome.psp_reference or decided.psp_reference, captured=True, money=EUR)
        else:
            assert isinstance(decided, Declined)
            assert decided.psp_reference
            assert (decided.psp_reference, decided.reason) == (
                outcome.psp_reference or decided.psp_reference,
                "authentication_failed",
            )
        assert_stands(backend, decided.psp_reference, decided)


def test_what_a_browser_makes_up_decides_nothing(backend: Backend) -> None:
    attempt = uuid4()
    outcome = backend.authorize(backend.server.asked_first(backend.program.url), attempt=attempt)
    assert isinstance(outcome, RequiresAction)
    decided = backend.adapter.finish(
        key=f"{attempt}:finish:1",
        attempt_id=attempt,
        psp_reference=outcome.psp_reference,
        returned={"redirectResult": "yes", "redirect_status": "succeeded"},
    )
    assert decided == (outcome if backend.can.begins_before_the_buyer_is_back else NotFoundAtPsp())


def test_an_open_question_of_the_bank_can_be_voided(backend: Backend) -> None:
    outcome = backend.authorize(backend.server.asked_first(backend.program.url))
    assert isinstance(outcome, RequiresAction)
    if outcome.psp_reference is None:
        # There is nothing to void: nothing was begun (test_take_return.py has what follows)
        assert not backend.can.begins_before_the_buyer_is_back
        return
    voided = backend.void(outcome.psp_reference)
    if backend.can.lets_go_of_open_questions:
        assert voided == Voided(outcome.psp_reference)
    else:
        assert isinstance(voided, Declined)
        assert_stands(backend, outcome.psp_reference, outcome)


@pytest.mark.parametrize(("code", "exponent"), [("JPY", 0), ("KWD", 3)])
def test_amounts_travel_in_minor_units_whatever_their_exponent(backend: Backend, code: str, exponent: int) -> None:
    money = Money(5 * 10**exponent, code)
    outcome = backend.authorize(money=money)
    assert isinstance(outcome, Approved)
    assert outcome.money == money
