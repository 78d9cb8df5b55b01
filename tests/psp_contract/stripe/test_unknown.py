"""What Stripe's own replies leave unknown: an object that says too little or speaks of something else, an error."""

import pytest

from payments.psp.outcomes import Unknown
from tests.broken_server import Behaviour, answer, broken_server
from tests.psp_contract.calls import ATTEMPT, LOOK_UPS, REFUND, VERBS, authorize
from tests.psp_contract.stripe.backend import STRIPE, adapter_at
from tests.psp_contract.stripe.replies import error, found, intent, refund

UNKNOWN: dict[str, Behaviour] = {
    "a payment of nobody": answer(200, intent(metadata={})),
    "a payment of another attempt": answer(200, intent(metadata={"tally_attempt": str(REFUND)})),
    "a payment without an id": answer(200, intent(id=None)),
    "a payment without a status": answer(200, intent(status=None)),
    "a status that is none of Stripe's": answer(200, intent(status="teleported")),
    "an amount with a point": answer(200, intent(amount_received=1290.0)),
    "an amount in text": answer(200, intent(amount_received="1290")),
    "no currency": answer(200, intent(currency=None)),
    "a currency of nobody": answer(200, intent(currency="xxq")),
    "not decided yet": answer(200, intent(status="processing")),
    "500": answer(500, error(type="api_error", message="no")),
    "502 of a proxy": answer(502, "<html>bad gateway</html>"),
    "400 of another server": answer(400, error(code=400, message="bad")),
    "402 whose error is a number": answer(402, '{"error": 5}'),
    "402 whose error is a list": answer(402, '{"error": [1]}'),
    "429": answer(429, error(type="invalid_request_error", code="rate_limit", message="slow down")),
    "429 as it was once": answer(400, error(type="invalid_request_error", code="rate_limit", message="slow down")),
    "409 key in use": answer(409, error(type="invalid_request_error", code="idempotency_key_in_use", message="wait")),
    "key of another request": answer(400, error(type="idempotency_error", message="no")),
    "401": answer(401, error(type="invalid_request_error", message="Invalid API Key")),
    "403": answer(403, error(type="invalid_request_error", message="not allowed")),
    "418": answer(418, error(type="card_error", code="card_declined")),
}


@pytest.mark.parametrize("behaviour", list(UNKNOWN))
def test_after_the_first_byte_what_the_reply_leaves_open_is_unknown(behaviour: str) -> None:
    with broken_server(UNKNOWN[behaviour]) as server:
        outcome = authorize(STRIPE, server.url)

    assert isinstance(outcome, Unknown), outcome
    assert outcome.detail
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("behaviour", "told"),
    [
        ("429", "RateLimitError 429, rate_limit: slow down"),
        ("409 key in use", "APIError 409, idempotency_key_in_use: wait"),
        ("500", "APIError 500, api_error: no"),
        ("502 of a proxy", "APIError 502, not in Stripe's form"),
    ],
)
def test_what_is_unknown_says_why(behaviour: str, told: str) -> None:
    with broken_server(UNKNOWN[behaviour]) as server:
        outcome = authorize(STRIPE, server.url)

    assert isinstance(outcome, Unknown)
    assert told in outcome.detail


@pytest.mark.parametrize("verb", [*VERBS, *LOOK_UPS])
@pytest.mark.parametrize("behaviour", ["500", "429", "401"])
def test_every_verb_keeps_what_is_unknown_unknown(verb: str, behaviour: str) -> None:
    with broken_server(UNKNOWN[behaviour]) as server:
        assert isinstance({**VERBS, **LOOK_UPS}[verb](adapter_at(server.url)), Unknown)


OF_ANOTHER = {
    "capture": ("capture", intent(id="pi_2")),
    "void": ("void", intent(id="pi_2", status="canceled")),
    "refund of another payment": ("refund", refund(payment_intent="pi_2")),
    "another refund of this payment": ("refund", refund(metadata={"tally_refund": str(ATTEMPT)})),
    "retrieve": ("retrieve", intent(id="pi_2")),
    "search": ("search", found(intent(metadata={"tally_attempt": str(REFUND)}))),
    "search for nothing": ("search", '{"data": {}}'),
}


@pytest.mark.parametrize("case", list(OF_ANOTHER))
def test_a_reply_about_something_else_is_no_answer(case: str) -> None:
    verb, reply = OF_ANOTHER[case]
    with broken_server(answer(200, reply)) as server:
        assert isinstance({**VERBS, **LOOK_UPS}[verb](adapter_at(server.url)), Unknown)
