"""What a reply says in our words: a no, or what it says and nothing else. And what our requests say."""

import json
from pathlib import Path
from typing import Any

import pytest

from ledger.money import Money
from payments.psp.outcomes import (
    Approved,
    AuthorizeOutcome,
    CaptureFailed,
    Declined,
    RefundFailed,
    RefundSucceeded,
    RequiresAction,
    Unknown,
)
from tests.broken_server import Behaviour, answer, broken_server
from tests.psp_contract.calls import ATTEMPT, EUR, LOOK_UPS, REFUND, VERBS, authorize
from tests.psp_contract.stripe.backend import STRIPE, adapter_at
from tests.psp_contract.stripe.replies import error, found, intent, refund


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        pytest.param(
            answer(402, error(type="card_error", code="card_declined", decline_code="stolen_card", message="No.")),
            Declined(None, reason="card_declined", soft=False, message="stolen_card: No."),
            id="a bank's no",
        ),
        pytest.param(
            answer(402, error(type="card_error", code="expired_card", payment_intent={"id": "pi_1"})),
            Declined("pi_1", reason="expired_card", soft=False, message="expired_card: "),
            id="a no without a decline code",
        ),
        pytest.param(
            answer(402, error(type="card_error", code="card_declined", decline_code="do_not_honor", message="")),
            Declined(None, reason="card_declined", soft=True, message="do_not_honor: "),
            id="a no that need not be the last word",
        ),
        pytest.param(
            answer(400, error(type="invalid_request_error", code="amount_too_small", message="50 at least")),
            Declined(None, reason="invalid_request", soft=False, message="amount_too_small: 50 at least"),
            id="a request that Stripe does not take",
        ),
        pytest.param(
            answer(404, error(type="invalid_request_error", code="resource_missing", message="No such pm")),
            Declined(None, reason="invalid_payment_method", soft=False, message="resource_missing: No such pm"),
            id="a token that is not there",
        ),
    ],
)
def test_only_stripes_own_no_is_a_decline(behaviour: Behaviour, expected: Declined) -> None:
    with broken_server(behaviour) as server:
        assert authorize(STRIPE, server.url) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"amount_received": 1289}, Approved("pi_1", captured=True, money=Money(1289, "EUR"))),
        ({"amount_received": 129000}, Approved("pi_1", captured=True, money=Money(129000, "EUR"))),
        ({"amount_received": 0}, Approved("pi_1", captured=True, money=Money(0, "EUR"))),
        ({"currency": "usd"}, Approved("pi_1", captured=True, money=Money(1290, "USD"))),
        (
            {"status": "requires_capture", "amount_capturable": 1000},
            Approved("pi_1", captured=False, money=Money(1000, "EUR")),
        ),
        ({"status": "requires_action", "next_action": None}, RequiresAction("pi_1", redirect_url="")),
    ],
)
def test_what_differs_from_what_we_asked_is_reported_as_it_is(
    changes: dict[str, object], expected: AuthorizeOutcome
) -> None:
    with broken_server(answer(200, intent(**changes))) as server:
        assert authorize(STRIPE, server.url) == expected


@pytest.mark.parametrize("verb", ["retrieve", "search"])
def test_a_refused_look_up_is_no_evidence(verb: str) -> None:
    with broken_server(answer(404, error(type="invalid_request_error", code="resource_missing"))) as server:
        assert isinstance(LOOK_UPS[verb](adapter_at(server.url)), Unknown)


def test_two_payments_of_one_attempt_are_for_people_to_look_at() -> None:
    with broken_server(answer(200, found(intent(), intent(id="pi_2")))) as server:
        assert LOOK_UPS["search"](adapter_at(server.url)) == Unknown(detail="2 payments for one attempt")


@pytest.mark.parametrize(
    "behaviour",
    [
        answer(404, error(type="invalid_request_error", code="resource_missing")),
        answer(200, json.dumps({"object": "list", "data": [], "has_more": True})),
    ],
    ids=["refused", "the list goes on"],
)
def test_a_refund_that_was_not_looked_for_to_the_end_may_be_there(behaviour: Behaviour) -> None:
    with broken_server(behaviour) as server:
        outcome = adapter_at(server.url).retrieve_refund(refund_id=ATTEMPT, psp_reference="pi_1")
    assert isinstance(outcome, Unknown)


def _refused_because_it_is(**state: object) -> Behaviour:
    code = "payment_intent_unexpected_state"
    return answer(
        400, error(type="invalid_request_error", code=code, message="", payment_intent=json.loads(intent(**state)))
    )


@pytest.mark.parametrize(
    ("verb", "state", "expected"),
    [
        ("void", {"status": "canceled"}, "Voided"),
        ("void", {"status": "succeeded"}, "Declined"),
        ("capture", {"status": "succeeded", "amount_received": 1000}, "CaptureSucceeded"),
        ("capture", {"status": "canceled"}, "CaptureFailed"),
        ("capture", {"status": "requires_capture", "amount_capturable": 1290}, "CaptureFailed"),
        ("void", {"status": "canceled", "id": "pi_2"}, "Declined"),
    ],
)
def test_a_refusal_that_tells_how_the_payment_stands_is_believed(
    verb: str, state: dict[str, object], expected: str
) -> None:
    with broken_server(_refused_because_it_is(**state)) as server:
        outcome: Any = VERBS[verb](adapter_at(server.url))

    assert type(outcome).__name__ == expected
    if isinstance(outcome, Declined | CaptureFailed):
        assert outcome.reason == "wrong_state"
    if isinstance(outcome, Approved):
        assert outcome.money == Money(1000, "EUR")


def test_a_refund_that_stripe_does_not_make_has_failed() -> None:
    refused = answer(400, error(type="invalid_request_error", code="charge_already_refunded"))
    with broken_server(refused) as server:
        assert VERBS["refund"](adapter_at(server.url)) == RefundFailed(None, reason="wrong_state")


def test_the_key_is_ours_whatever_the_machine_keeps_in_its_netrc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with broken_server(answer(200, intent())) as server:
        authorize(STRIPE, server.url)

    assert b"\r\nAuthorization: Bearer sk_test_contract\r\n" in server.requests[0]


def test_a_request_carries_our_key_and_our_attempt() -> None:
    with broken_server(answer(200, intent())) as server:
        adapter_at(server.url, return_url="https://pay.example/returns/stripe/main").authorize(
            key="key-1", attempt_id=ATTEMPT, money=EUR, token="pm_card_visa", capture=False, description="x" * 600
        )

    request = server.requests[0].decode()
    assert "\r\nIdempotency-Key: key-1\r\n" in request
    assert f"metadata[tally_attempt]={ATTEMPT}" in request
    assert f"metadata[tally_description]={'x' * 500}&" in request
    assert "capture_method=manual" in request
    assert f"return_url=https%3A%2F%2Fpay.example%2Freturns%2Fstripe%2Fmain%2F{ATTEMPT}" in request
    assert "telemetry" not in request.lower()


def test_one_reply_leaves_nothing_behind_for_the_next_request() -> None:
    with broken_server(answer(200, intent(), "Set-Cookie: who=somebody; Path=/", "Connection: close")) as server:
        psp = adapter_at(server.url)
        LOOK_UPS["retrieve"](psp)
        LOOK_UPS["retrieve"](psp)

    assert len(server.requests) == 2
    assert b"\r\nCookie:" not in server.requests[1]


@pytest.mark.parametrize(("payment", "field"), [("pi_1", "payment_intent"), ("ch_1", "charge"), ("py_1", "charge")])
def test_a_payment_is_paid_back_by_what_it_is_at_stripe(payment: str, field: str) -> None:
    of = {"payment_intent": None, field: payment}
    with broken_server(answer(200, refund(**of))) as server:
        paid = adapter_at(server.url).refund(key="key", psp_reference=payment, refund_id=REFUND, money=EUR)
    with broken_server(answer(200, found(refund(**of)).replace("}]}", '}], "has_more": false}'))) as looked_at:
        same = adapter_at(looked_at.url).retrieve_refund(refund_id=REFUND, psp_reference=payment)

    assert paid == same == RefundSucceeded("re_1", EUR)
    assert f"{field}={payment}&".encode() in server.requests[0]
    assert f"{field}={payment}&".encode() in looked_at.requests[0]
