"""What Checkout.com's own replies leave unknown: an object that says too little or speaks of another, an error."""

import json

import pytest

from payments.psp.outcomes import Unknown
from tests.broken_server import Behaviour, answer, broken_server, in_turn, reset, say
from tests.psp_contract.calls import ATTEMPT, CAPTURE, LOOK_UPS, REFUND, VERBS, authorize
from tests.psp_contract.checkoutcom.backend import CHECKOUTCOM, adapter_at
from tests.psp_contract.checkoutcom.replies import accepted, action, found, payment, refused

CALLS = {**VERBS, **LOOK_UPS}
UNKNOWN: dict[str, Behaviour] = {
    "reset": reset,
    "no content": answer(201, ""),
    "no type of content": say(f"HTTP/1.1 201 Created\r\nContent-Length: {len(payment())}\r\n\r\n{payment()}"),
    "a page": say("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi"),
    "null": answer(201, "null"),
    "a list": answer(201, "[]"),
    "a list of payments": answer(201, f"[{payment()}]"),
    "a number": answer(201, "5"),
    "JSON that would be more than that": answer(201, '{"__class__": "payment", "__dict__": {}}'),
    "a payment of nobody": answer(201, payment(reference=None)),
    "a payment of another attempt": answer(201, payment(reference=str(REFUND))),
    "a payment without an id": answer(201, payment(id=None)),
    "a payment without a status": answer(201, payment(status=None)),
    "a status that is none of Checkout.com's": answer(201, payment(status="Teleported")),
    "a status that we never ask for": answer(201, payment(status="Card Verified")),
    "an amount with a point": answer(201, payment(amount=1290.0)),
    "an amount in text": answer(201, payment(amount="1290")),
    "balances that are none": answer(201, payment(balances=[1290])),
    "no currency": answer(201, payment(currency=None)),
    "a currency of nobody": answer(201, payment(currency="xxq")),
    "not decided yet": answer(202, payment(status="Pending")),
    "a page for the buyer at no address": answer(202, payment(status="Pending", _links={"redirect": {"href": 5}})),
    "let go of, when we asked for money": answer(201, payment(status="Voided")),
    "500": refused(500),
    "500 that is no refusal": refused(500, "service_unavailable", kind="processing_error"),
    "403 of a proxy": answer(403, "<html>no</html>"),
    "404 of another server": answer(404, '{"error": "not found"}'),
    "422 of another server": answer(422, '{"error_codes": ["token_invalid"]}'),
    "422 whose body is no object": answer(422, '["no"]'),
    "400 that we do not know": refused(400, "request_json_invalid"),
    "429": refused(429),
    "409": refused(409),
    "401": refused(401),
    "418": refused(418, "token_invalid"),
}


@pytest.mark.parametrize("behaviour", list(UNKNOWN))
def test_after_the_first_byte_nothing_is_known_and_nothing_is_sent_again(behaviour: str) -> None:
    with broken_server(UNKNOWN[behaviour]) as server:
        outcome = authorize(CHECKOUTCOM, server.url)

    assert isinstance(outcome, Unknown), outcome
    assert outcome.detail
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("behaviour", "told"),
    [
        ("429", "HTTP 429, None: None"),
        ("500 that is no refusal", "HTTP 500, processing_error: ['service_unavailable']"),
        ("a list", "unreadable reply: KeyError"),
        ("not decided yet", "not decided yet: Pending(psp_reference='pi_1')"),
    ],
)
def test_what_is_unknown_says_why(behaviour: str, told: str) -> None:
    with broken_server(UNKNOWN[behaviour]) as server:
        outcome = authorize(CHECKOUTCOM, server.url)

    assert isinstance(outcome, Unknown)
    assert told in outcome.detail


EVERY_VERB = pytest.mark.parametrize("verb", list(CALLS))

OF_ANOTHER = {
    "capture": ("capture", accepted(REFUND)),
    "void": ("void", accepted(REFUND)),
    "refund": ("refund", accepted(CAPTURE)),
    "retrieve": ("retrieve", payment(id="pi_2")),
    "list": ("search", found(payment(reference=str(REFUND)))),
    "list of nothing that is no list": ("search", '{"total_count": 0, "data": {}}'),
    "list that shows nothing, and counts one": ("search", '{"total_count": 1, "data": []}'),
    "list that shows one, and counts none": ("search", f'{{"total_count": 0, "data": [{payment()}]}}'),
    "refunds of another payment": ("retrieve_refund", payment(id="pi_2")),
}


@EVERY_VERB
@pytest.mark.parametrize("behaviour", ["reset", "500", "429", "401", "a list"])
def test_every_verb_keeps_what_is_unknown_unknown(verb: str, behaviour: str) -> None:
    with broken_server(UNKNOWN[behaviour]) as server:
        outcome = CALLS[verb](adapter_at(server.url))

    assert isinstance(outcome, Unknown), outcome
    assert len(server.requests) == 1


@pytest.mark.parametrize("case", list(OF_ANOTHER))
def test_a_reply_about_something_else_is_no_answer(case: str) -> None:
    verb, reply = OF_ANOTHER[case]
    with broken_server(answer(200, reply)) as server:
        assert isinstance(CALLS[verb](adapter_at(server.url)), Unknown)


@pytest.mark.parametrize("verb", ["authorize", "capture", "void", "refund"])
@pytest.mark.parametrize("then", ["reset", "500", "404 of another server", "null"])
def test_a_refusal_that_cannot_be_looked_into_is_unknown(verb: str, then: str) -> None:
    with broken_server(in_turn(refused(422, "request_invalid"), UNKNOWN[then])) as server:
        outcome = authorize(CHECKOUTCOM, server.url) if verb == "authorize" else CALLS[verb](adapter_at(server.url))

    assert isinstance(outcome, Unknown), outcome
    assert len(server.requests) == 2


@pytest.mark.parametrize("verb", ["authorize", "capture", "void", "refund"])
def test_what_was_refused_by_a_server_that_is_gone_a_moment_later_was_sent_all_the_same(verb: str) -> None:
    with broken_server(refused(422, "request_invalid"), most_requests=1) as server:
        outcome = authorize(CHECKOUTCOM, server.url) if verb == "authorize" else CALLS[verb](adapter_at(server.url))

    assert isinstance(outcome, Unknown), outcome
    assert outcome.detail.startswith("refused, and then NotSent")


@pytest.mark.parametrize("then", [reset, answer(200, "[]"), answer(200, '[{"type": "Void"}]')])
def test_a_decline_stands_though_its_reason_cannot_be_looked_up(then: Behaviour) -> None:
    declined = answer(200, payment(status="Declined", approved=False))
    with broken_server(in_turn(declined, then)) as server:
        outcome = CALLS["retrieve"](adapter_at(server.url))

    assert type(outcome).__name__ == "Declined"


@pytest.mark.parametrize(
    "actions",
    [
        "{}",
        '{"items": {}}',
        json.dumps([action("Refund", REFUND, amount="1290")]),
        json.dumps([action("Refund", REFUND, id=None)]),
        json.dumps([action("Refund", REFUND), action("Refund", REFUND, id="act_2")]),
        json.dumps([action("Refund", [str(REFUND)])]),
    ],
)
def test_actions_that_make_no_sense_are_no_evidence(actions: str) -> None:
    with broken_server(in_turn(answer(200, payment()), answer(200, actions))) as server:
        outcome = CALLS["retrieve_refund"](adapter_at(server.url))

    assert isinstance(outcome, Unknown), outcome


def test_two_payments_of_one_attempt_are_for_people_to_look_at() -> None:
    with broken_server(answer(200, found(payment(), payment(id="pi_2")))) as server:
        assert CALLS["search"](adapter_at(server.url)) == Unknown(detail="2 payments for one attempt")


def test_an_attempt_is_looked_for_by_its_name() -> None:
    with broken_server(answer(200, found())) as server:
        CALLS["search"](adapter_at(server.url))

    assert server.requests[0].startswith(f"GET /payments?reference={ATTEMPT}&limit=100 HTTP/1.1\r\n".encode())
