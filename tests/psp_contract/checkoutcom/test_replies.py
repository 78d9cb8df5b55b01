"""What a reply says in our words: a no, or what it says and nothing else. And what our requests say."""

import json
from typing import Any

import pytest

from ledger.money import Money
from payments.psp.outcomes import (
    Approved,
    AuthorizeOutcome,
    CaptureFailed,
    CapturePending,
    CaptureSucceeded,
    Declined,
    Expired,
    NotFoundAtPsp,
    Pending,
    RefundFailed,
    RefundPending,
    RefundSucceeded,
    RequiresAction,
    RetrieveOutcome,
    Unknown,
    Voided,
)
from tests.broken_server import Behaviour, answer, broken_server, in_turn
from tests.psp_contract.calls import ATTEMPT, CAPTURE, EUR, LOOK_UPS, PAYMENT, REFUND, VERBS, authorize
from tests.psp_contract.checkoutcom.backend import CHECKOUTCOM, adapter_at
from tests.psp_contract.checkoutcom.replies import accepted, action, balances, found, payment, refused

CALLS = {**VERBS, **LOOK_UPS}
NO = {"status": "Declined", "approved": False, "response_code": "20051", "response_summary": "Insufficient funds"}
A_NO = Declined(PAYMENT, reason="insufficient_funds", soft=True, message="20051: Insufficient funds")


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        pytest.param(payment(**NO), A_NO, id="a bank's no that need not be the last word"),
        pytest.param(
            payment(**{**NO, "response_code": "30043", "response_summary": "Stolen card - Pick up"}),
            Declined(PAYMENT, reason="card_declined", soft=False, message="30043: Stolen card - Pick up"),
            id="a bank's no that is",
        ),
        pytest.param(
            payment(status="Declined", approved=False),
            Declined(PAYMENT, reason="card_declined", soft=False),
            id="a no without a reason",
        ),
        pytest.param(payment(), Approved(PAYMENT, captured=False, money=EUR), id="held"),
        pytest.param(
            payment(balances=balances(total_authorized=1000)),
            Approved(PAYMENT, captured=False, money=Money(1000, "EUR")),
            id="held in part",
        ),
        pytest.param(
            payment(amount=129000), Approved(PAYMENT, captured=False, money=Money(129000, "EUR")), id="held, and more"
        ),
        pytest.param(
            payment(currency="USD"), Approved(PAYMENT, captured=False, money=Money(1290, "USD")), id="in another money"
        ),
        pytest.param(payment(status="Captured"), Approved(PAYMENT, captured=True, money=EUR), id="taken"),
        pytest.param(
            payment(status="Captured", balances=balances()),
            Approved(PAYMENT, captured=True, money=Money(0, "EUR")),
            id="taken, and nothing of it",
        ),
        pytest.param(
            payment(status="Pending", _links={"redirect": {"href": "https://bank.example/3ds"}}),
            RequiresAction(PAYMENT, redirect_url="https://bank.example/3ds"),
            id="the bank asks first",
        ),
    ],
)
def test_a_reply_is_reported_as_it_is(reply: str, expected: AuthorizeOutcome) -> None:
    with broken_server(answer(201, reply)) as server:
        assert authorize(CHECKOUTCOM, server.url) == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"status": "Authorized"}, Approved(PAYMENT, captured=False, money=EUR)),
        (
            {"status": "Partially Captured", "balances": balances(total_captured=400)},
            Approved(PAYMENT, captured=True, money=Money(400, "EUR")),
        ),
        (
            {"status": "Refunded", "balances": balances(total_captured=1290, total_refunded=1290)},
            Approved(PAYMENT, captured=True, money=EUR),
        ),
        ({"status": "Voided", "balances": balances(total_voided=1290, available_to_void=0)}, Voided(PAYMENT)),
        (
            {"status": "Voided", "balances": balances(total_captured=400, total_voided=890)},
            Approved(PAYMENT, captured=True, money=Money(400, "EUR")),
        ),
        ({"status": "Canceled"}, Voided(PAYMENT)),
        ({"status": "Expired"}, Expired(PAYMENT)),
        ({"status": "Pending"}, Pending(PAYMENT)),
        ({"status": "Pending", "_links": None}, Pending(PAYMENT)),
        (
            {"status": "Pending", "_links": {"redirect": {"href": "https://bank.example"}}},
            RequiresAction(PAYMENT, "https://bank.example"),
        ),
    ],
)
@pytest.mark.parametrize("verb", ["retrieve", "search"])
def test_a_look_up_tells_how_a_payment_stands(verb: str, told: dict[str, Any], expected: RetrieveOutcome) -> None:
    reply = payment(**told)
    with broken_server(answer(200, found(reply) if verb == "search" else reply)) as server:
        assert CALLS[verb](adapter_at(server.url)) == expected


@pytest.mark.parametrize("verb", ["retrieve", "search"])
def test_why_a_payment_was_declined_stands_among_its_actions(verb: str) -> None:
    reply = payment(status="Declined", approved=False)
    reasons = json.dumps([{"id": "act_1", "type": "Authorization", **NO}])
    details = answer(200, found(reply) if verb == "search" else reply)
    with broken_server(in_turn(details, answer(200, reasons))) as server:
        assert CALLS[verb](adapter_at(server.url)) == A_NO

    assert server.requests[1].startswith(b"GET /payments/pi_1/actions HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        pytest.param(
            refused(422, "token_used"),
            Declined(None, reason="invalid_payment_method", soft=False, message="422: token_used"),
            id="a token that was used",
        ),
        pytest.param(
            refused(422, "reference_invalid", "source_id_unknown"),
            Declined(
                None, reason="invalid_payment_method", soft=False, message="422: reference_invalid, source_id_unknown"
            ),
            id="the first of its reasons that we know",
        ),
        pytest.param(
            refused(422, "amount_invalid"),
            Declined(None, reason="invalid_request", soft=False, message="422: amount_invalid"),
            id="a request that is not taken",
        ),
        pytest.param(
            answer(422, '{"request_id": "0HL", "error_codes": "no"}'),
            Declined(None, reason="invalid_request", soft=False, message="422: "),
            id="a request that is not taken, without a reason",
        ),
    ],
)
def test_a_request_that_is_refused_and_left_nothing_behind_is_a_decline(
    behaviour: Behaviour, expected: Declined
) -> None:
    with broken_server(in_turn(behaviour, answer(200, found()))) as server:
        assert authorize(CHECKOUTCOM, server.url) == expected


def test_a_refused_request_whose_like_was_executed_before_has_that_ones_outcome() -> None:
    executed = answer(200, found(payment(status="Captured")))
    with broken_server(in_turn(refused(422, "token_used"), executed)) as server:
        assert authorize(CHECKOUTCOM, server.url) == Approved(PAYMENT, captured=True, money=EUR)


OURS = {"capture": ("Capture", CAPTURE), "refund": ("Refund", REFUND)}


@pytest.mark.parametrize(
    ("verb", "reference", "expected"),
    [
        ("capture", CAPTURE, CapturePending("act_1")),
        ("refund", REFUND, RefundPending("act_1")),
        ("void", "key", Pending(PAYMENT)),
    ],
)
def test_what_was_taken_in_is_under_way(verb: str, reference: object, expected: object) -> None:
    with broken_server(answer(202, accepted(reference))) as server:
        assert CALLS[verb](adapter_at(server.url)) == expected


@pytest.mark.parametrize(
    ("verb", "changes", "expected"),
    [
        ("capture", {}, CaptureSucceeded("act_1", EUR)),
        ("capture", {"amount": 400}, CaptureSucceeded("act_1", Money(400, "EUR"))),
        ("capture", {"approved": None, "response_code": None}, CapturePending("act_1")),
        (
            "capture",
            {"approved": False, "response_code": "20109"},
            CaptureFailed("act_1", reason="wrong_state", message="20109: "),
        ),
        ("refund", {}, RefundSucceeded("act_1", EUR)),
        ("refund", {"reference": None, "metadata": {"tally_refund": str(REFUND)}}, RefundSucceeded("act_1", EUR)),
        ("refund", {"approved": False, "response_code": ""}, RefundPending("act_1")),
        ("refund", {"approved": False, "response_code": "20158"}, RefundFailed("act_1", reason="20158: ")),
    ],
)
def test_what_is_refused_because_it_was_done_before_is_found_among_the_actions(
    verb: str, changes: dict[str, Any], expected: object
) -> None:
    kind, ours = OURS[verb]
    others = [action(kind, ATTEMPT, id="act_0"), action("Authorization", ours, id="act_2")]
    actions = json.dumps([*others, action(kind, ours, **changes)])
    with broken_server(in_turn(refused(403), answer(200, actions))) as server:
        assert CALLS[verb](adapter_at(server.url)) == expected


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (refused(403), "wrong_state"),
        (refused(404), "invalid_request"),
        (refused(422, "capture_value_greater_than_remaining_authorized"), "wrong_state"),
        (refused(422, "amount_invalid"), "invalid_request"),
    ],
)
@pytest.mark.parametrize("verb", ["capture", "refund"])
def test_what_is_refused_and_not_there_has_failed(verb: str, behaviour: Behaviour, reason: str) -> None:
    with broken_server(in_turn(behaviour, answer(200, "[]"))) as server:
        outcome = CALLS[verb](adapter_at(server.url))

    assert isinstance(outcome, CaptureFailed | RefundFailed), outcome
    assert (outcome.psp_reference, outcome.reason) == (None, reason)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"status": "Voided", "balances": balances(total_voided=1290, available_to_void=0)}, Voided(PAYMENT)),
        ({"status": "Voided"}, Voided(PAYMENT)),
        (
            {
                "status": "Partially Captured",
                "balances": balances(total_captured=400, total_voided=890, available_to_void=0),
            },
            Voided(PAYMENT),
        ),
        (
            {"status": "Captured", "balances": balances(total_captured=1290, available_to_void=0)},
            Declined(None, reason="wrong_state", soft=False, message="403: "),
        ),
        (
            {"status": "Authorized", "balances": balances()},
            Declined(None, reason="wrong_state", soft=False, message="403: "),
        ),
        ({"status": "Pending"}, Declined(None, reason="wrong_state", soft=False, message="403: ")),
    ],
)
def test_a_refused_void_was_made_before_or_is_a_no(told: dict[str, Any], expected: object) -> None:
    with broken_server(in_turn(refused(403), answer(200, payment(**told)))) as server:
        assert CALLS["void"](adapter_at(server.url)) == expected


@pytest.mark.parametrize("behaviour", [refused(404), refused(403), refused(422, "request_invalid")])
@pytest.mark.parametrize("verb", ["retrieve", "search", "retrieve_refund"])
def test_a_refused_look_up_is_no_evidence(verb: str, behaviour: Behaviour) -> None:
    with broken_server(behaviour) as server:
        assert isinstance(CALLS[verb](adapter_at(server.url)), Unknown)


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        ([], NotFoundAtPsp()),
        ([action("Refund", ATTEMPT), action("Capture", REFUND)], NotFoundAtPsp()),
        ([action("Refund", REFUND, amount=290)], RefundSucceeded("act_1", Money(290, "KWD"))),
    ],
)
def test_a_refund_is_found_in_the_currency_of_its_payment(actions: list[Any], expected: object) -> None:
    with broken_server(in_turn(answer(200, payment(currency="KWD")), answer(200, json.dumps(actions)))) as server:
        assert CALLS["retrieve_refund"](adapter_at(server.url)) == expected
