"""What Adyen's replies say in our words: a no, or what they say and nothing else. And what our requests say."""

import json
from pathlib import Path
from typing import Any

import pytest

from ledger.money import Money
from payments.psp.outcomes import (
    Approved,
    AuthorizeOutcome,
    CaptureFailed,
    CapturePending,
    Declined,
    NotFoundAtPsp,
    Pending,
    RefundFailed,
    RefundPending,
    RequiresAction,
    Unknown,
)
from tests.broken_server import Behaviour, answer, broken_server
from tests.psp_contract.adyen.backend import ADYEN, adapter_at, token
from tests.psp_contract.adyen.replies import CAPTURE_RECEIPT, REFUND_RECEIPT, error, payment, receipt
from tests.psp_contract.calls import ATTEMPT, CAPTURE, EUR, PAYMENT, REFUND, VERBS, authorize

REFERENCE = "NC6HT9CRT65ZGN82"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        pytest.param(
            payment(resultCode="Refused", refusalReason="Not enough balance", refusalReasonCode="12"),
            Declined(REFERENCE, reason="insufficient_funds", soft=True, message="12 Not enough balance"),
            id="a bank's no that need not be the last word",
        ),
        pytest.param(
            payment(resultCode="Refused", refusalReason="FRAUD", refusalReasonCode="20"),
            Declined(REFERENCE, reason="card_declined", soft=False, message="20 FRAUD"),
            id="a no that is",
        ),
        pytest.param(
            payment(resultCode="Refused", refusalReason="Of tomorrow", refusalReasonCode="999"),
            Declined(REFERENCE, reason="card_declined", soft=False, message="999 Of tomorrow"),
            id="a reason of later days",
        ),
        pytest.param(
            payment(resultCode="Error", refusalReason="Acquirer Error", refusalReasonCode="4"),
            Declined(REFERENCE, reason="processing_error", soft=True, message="4 Acquirer Error"),
            id="the bank failed",
        ),
        pytest.param(
            payment(resultCode="Cancelled"),
            Declined(REFERENCE, reason="authentication_failed", soft=False, message="15 Cancelled"),
            id="the buyer gave up",
        ),
        pytest.param(
            payment(amount={"value": 1289, "currency": "EUR"}),
            Approved(REFERENCE, captured=True, money=Money(1289, "EUR")),
            id="another amount",
        ),
        pytest.param(
            payment(resultCode="PartiallyAuthorised", amount={"value": 1000, "currency": "USD"}),
            Approved(REFERENCE, captured=True, money=Money(1000, "USD")),
            id="a part, in another currency",
        ),
        pytest.param(
            payment(merchantReference=f"{ATTEMPT}-hold"),
            Approved(REFERENCE, captured=False, money=EUR),
            id="held, not taken",
        ),
        pytest.param(
            json.dumps(
                {
                    "resultCode": "RedirectShopper",
                    "action": {"type": "redirect", "method": "GET", "url": "https://bank.example/"},
                }
            ),
            RequiresAction(None, redirect_url="https://bank.example/"),
            id="a question of the bank",
        ),
    ],
)
def test_a_reply_is_reported_as_it_is(reply: str, expected: AuthorizeOutcome) -> None:
    with broken_server(answer(200, reply)) as server:
        assert authorize(ADYEN, server.url) == expected


@pytest.mark.parametrize(
    ("status", "changes", "reason"),
    [
        (422, {"errorCode": "803", "message": "PaymentDetail not found"}, "invalid_payment_method"),
        (422, {"errorCode": "137"}, "invalid_request"),
        (400, {"errorCode": "702"}, "invalid_request"),
        (422, {"errorCode": "905", "errorType": "configuration"}, "invalid_request"),
    ],
)
def test_only_adyens_own_no_is_a_decline(status: int, changes: dict[str, object], reason: str) -> None:
    with broken_server(answer(status, error(status, **changes))) as server:
        outcome = authorize(ADYEN, server.url)
    assert isinstance(outcome, Declined)
    assert (outcome.reason, outcome.soft, outcome.psp_reference) == (reason, False, None)


UNKNOWN: dict[str, Behaviour] = {
    "a payment of nobody": answer(200, payment(merchantReference="")),
    "a payment of another attempt": answer(200, payment(merchantReference=f"{REFUND}-sale")),
    "a payment without a name": answer(200, payment(merchantReference=None)),
    "a payment without an id": answer(200, payment(pspReference=None)),
    "a payment without an amount": answer(200, payment(amount=None)),
    "a result that is none of Adyen's": answer(200, payment(resultCode="Teleported")),
    "no result": answer(200, payment(resultCode=None)),
    "a question without an address": answer(200, json.dumps({"resultCode": "RedirectShopper", "action": None})),
    "a question in the page": answer(200, payment(resultCode="ChallengeShopper")),
    "a form to be posted": answer(
        200,
        json.dumps(
            {
                "resultCode": "RedirectShopper",
                "action": {"type": "redirect", "method": "POST", "url": "https://bank.example/"},
            }
        ),
    ),
    "an amount with a point": answer(200, payment(amount={"value": 12.9, "currency": "EUR"})),
    "an amount in text": answer(200, payment(amount={"value": "1290", "currency": "EUR"})),
    "a currency of nobody": answer(200, payment(amount={"value": 1290, "currency": "XXQ"})),
    "not decided yet": answer(200, payment(resultCode="Received")),
    "500": answer(500, error(500, errorType="internal")),
    "500 that calls itself a refusal": answer(500, error(500)),
    "key in use": answer(422, error(422, errorCode="704", message="request already processed or in progress")),
    "a transient error": answer(422, error(422), "transient-error: true"),
    "a refusal without a code": answer(422, error(422, errorCode=None)),
    "a refusal whose code is a number": answer(422, error(422, errorCode=130)),
    "401": answer(401, error(401, errorType="security")),
    "403": answer(403, error(403, errorType="security", errorCode="901")),
    "429": answer(429, error(429, errorType="security")),
}


@pytest.mark.parametrize("behaviour", list(UNKNOWN))
def test_what_the_reply_leaves_open_is_unknown(behaviour: str) -> None:
    with broken_server(UNKNOWN[behaviour]) as server:
        outcome = authorize(ADYEN, server.url)

    assert isinstance(outcome, Unknown), outcome
    assert outcome.detail
    assert len(server.requests) == 1


@pytest.mark.parametrize("verb", list(VERBS))
@pytest.mark.parametrize("behaviour", ["500", "key in use", "a transient error", "401"])
def test_every_verb_keeps_what_is_unknown_unknown(verb: str, behaviour: str) -> None:
    with broken_server(UNKNOWN[behaviour]) as server:
        assert isinstance(VERBS[verb](adapter_at(server.url)), Unknown)


def test_what_is_unknown_says_why() -> None:
    with broken_server(UNKNOWN["key in use"]) as server:
        outcome = authorize(ADYEN, server.url)
    assert outcome == Unknown(detail="HTTP 422, 704: request already processed or in progress")


@pytest.mark.parametrize(
    ("verb", "reply", "expected"),
    [
        ("capture", CAPTURE_RECEIPT, CapturePending("WNS7WQ756L2GWR82")),
        ("refund", REFUND_RECEIPT, RefundPending("WNS7WQ756L2GWR82")),
        ("void", receipt(), Pending(PAYMENT)),
    ],
)
def test_a_receipt_is_not_the_end(verb: str, reply: str, expected: object) -> None:
    with broken_server(answer(201, reply)) as server:
        assert VERBS[verb](adapter_at(server.url)) == expected


OF_ANOTHER: dict[str, tuple[str, str]] = {
    "a capture of another payment": ("capture", receipt(reference=str(CAPTURE), paymentPspReference="other")),
    "another capture": ("capture", receipt(reference=str(REFUND))),
    "a capture without a name": ("capture", receipt()),
    "a refund of another payment": ("refund", receipt(reference=str(REFUND), paymentPspReference="other")),
    "another refund": ("refund", receipt(reference=str(CAPTURE))),
    "a cancel of another payment": ("void", receipt(paymentPspReference="other")),
    "a receipt that says no": ("void", receipt(status="refused")),
    "a receipt without an id": ("capture", receipt(reference=str(CAPTURE), pspReference="")),
}


@pytest.mark.parametrize("case", list(OF_ANOTHER))
def test_a_receipt_for_something_else_is_no_answer(case: str) -> None:
    verb, reply = OF_ANOTHER[case]
    with broken_server(answer(201, reply)) as server:
        assert isinstance(VERBS[verb](adapter_at(server.url)), Unknown)


@pytest.mark.parametrize(
    ("verb", "expected"), [("capture", CaptureFailed), ("refund", RefundFailed), ("void", Declined)]
)
def test_what_adyen_does_not_take_in_has_failed(verb: str, expected: type) -> None:
    refused = answer(422, error(422, errorCode="167", message="Original pspReference required for this operation"))
    with broken_server(refused) as server:
        outcome = VERBS[verb](adapter_at(server.url))
    assert isinstance(outcome, CaptureFailed | RefundFailed | Declined)
    assert (type(outcome), outcome.reason, outcome.psp_reference) == (expected, "wrong_state", None)


def test_what_was_made_up_at_the_bank_is_no_news_of_the_payment() -> None:
    with broken_server(answer(422, error(422, errorCode="101"))) as server:
        outcome = adapter_at(server.url).finish(key="k", attempt_id=ATTEMPT, psp_reference=None, returned={})
    assert outcome == NotFoundAtPsp()


@pytest.mark.parametrize("made_up", ["pays", ".pays", "shopper-1.", "."])
def test_a_token_without_its_shopper_is_not_sent(made_up: str) -> None:
    with broken_server(answer(200, payment())) as server:
        outcome = adapter_at(server.url).authorize(
            key="key", attempt_id=ATTEMPT, money=EUR, token=made_up, capture=True, description=""
        )
    assert isinstance(outcome, Declined)
    assert (outcome.reason, server.requests) == ("invalid_payment_method", [])


def test_a_part_is_not_captured_where_adyen_would_let_go_of_the_rest() -> None:
    with broken_server(answer(201, CAPTURE_RECEIPT)) as server:
        outcome = adapter_at(server.url, several_captures=False).capture(
            key="key", capture_id=CAPTURE, psp_reference=PAYMENT, money=EUR, final=False
        )
    assert isinstance(outcome, CaptureFailed)
    assert (outcome.reason, server.requests) == ("not_supported", [])


def _asked(*, capture: bool) -> tuple[str, dict[str, Any]]:
    """Return (head, body) of what is sent for a payment."""
    with broken_server(answer(200, payment())) as server:
        adapter_at(server.url).authorize(
            key="key-1",
            attempt_id=ATTEMPT,
            money=EUR,
            token=token("pays"),
            capture=capture,
            description="x" * 100,
        )
    head, _, body = server.requests[0].decode().partition("\r\n\r\n")
    return head, json.loads(body)


def test_a_request_carries_our_key_our_reference_and_a_token() -> None:
    head, body = _asked(capture=True)
    lines = head.lower().split("\r\n")
    assert lines[0] == "post /adyen/v72/payments http/1.1"
    assert {"idempotency-key: key-1", "x-api-key: key_contract"} <= set(lines)
    assert body == {
        "merchantAccount": "TallyTests",
        "reference": f"{ATTEMPT}-sale",
        "amount": {"value": 1290, "currency": "EUR"},
        "paymentMethod": {"type": "scheme", "storedPaymentMethodId": "pays"},
        "shopperReference": "shopper-1",
        "shopperInteraction": "ContAuth",
        "recurringProcessingModel": "CardOnFile",
        "channel": "Web",
        "returnUrl": f"https://pay.example/returns/adyen/main/{ATTEMPT}",
        "authenticationData": {"threeDSRequestData": {"nativeThreeDS": "disabled"}},
        "metadata": {"tally_description": "x" * 80},
        "captureDelayHours": 0,
    }


def test_what_is_to_be_held_is_asked_for_as_such() -> None:
    _, body = _asked(capture=False)
    assert body["reference"] == f"{ATTEMPT}-hold"
    assert body["additionalData"] == {"manualCapture": "true"}
    assert "captureDelayHours" not in body


def test_the_key_is_ours_whatever_the_machine_keeps_in_its_netrc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    head, _ = _asked(capture=True)
    assert "authorization:" not in head.lower()


def test_one_reply_leaves_nothing_behind_for_the_next_request() -> None:
    with broken_server(answer(201, receipt(), "Set-Cookie: who=somebody; Path=/", "Connection: close")) as server:
        psp = adapter_at(server.url)
        VERBS["void"](psp)
        VERBS["void"](psp)

    assert len(server.requests) == 2
    assert b"\r\ncookie:" not in server.requests[1].lower()


def test_a_signing_key_that_is_none_is_seen_at_the_start() -> None:
    with pytest.raises(ValueError, match="non-hexadecimal"):
        adapter_at("http://127.0.0.1:9", hmac_key="whsec_development")
