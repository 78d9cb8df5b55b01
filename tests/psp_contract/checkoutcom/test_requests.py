"""What our requests say, and what they leave behind."""

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger.money import Money
from payments.psp.outcomes import Declined
from tests.broken_server import Behaviour, answer, broken_server
from tests.psp_contract.calls import ATTEMPT, CAPTURE, EUR, LOOK_UPS, PAYMENT, REFUND, VERBS, authorize
from tests.psp_contract.checkoutcom.backend import CHECKOUTCOM, adapter_at
from tests.psp_contract.checkoutcom.replies import accepted, payment, refused

CALLS = {**VERBS, **LOOK_UPS}


@pytest.mark.parametrize("token", ["4242424242424242", "pm_card_visa", ""])
def test_what_is_no_token_of_theirs_is_not_sent(token: str) -> None:
    with broken_server(answer(201, payment())) as server:
        outcome = authorize(replace(CHECKOUTCOM, good_card=token), server.url)

    assert isinstance(outcome, Declined)
    assert (outcome.reason, outcome.soft, server.requests) == ("invalid_payment_method", False, [])
    assert token not in outcome.message or not token


def test_an_amount_that_they_would_take_for_another_sum_is_not_sent_and_may_go_elsewhere() -> None:
    with broken_server(answer(201, payment())) as server:
        outcome = adapter_at(server.url).authorize(
            key="key", attempt_id=ATTEMPT, money=Money(5000, "CLP"), token="src_1", capture=True, description=""
        )

    assert isinstance(outcome, Declined)
    assert (outcome.reason, outcome.soft, server.requests) == ("not_supported", True, [])


def _body(request: bytes) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(request.partition(b"\r\n\r\n")[2])
    return body


def test_a_request_carries_our_key_our_attempt_and_where_buyers_come_back_to() -> None:
    with broken_server(answer(201, payment())) as server:
        adapter_at(f"{server.url}/", return_url="https://pay.example/back", processing_channel="pc_1").authorize(
            key="key-1", attempt_id=ATTEMPT, money=EUR, token="tok_1", capture=False, description="é" * 600
        )

    head = server.requests[0].decode()
    assert head.startswith("POST /payments HTTP/1.1\r\n")
    assert "\r\nCko-Idempotency-Key: key-1\r\n" in head
    assert _body(server.requests[0]) == {
        "source": {"type": "token", "token": "tok_1"},
        "amount": 1290,
        "currency": "EUR",
        "capture": False,
        "reference": str(ATTEMPT),
        "description": "é" * 100,
        "metadata": {"tally_attempt": str(ATTEMPT)},
        "processing_channel_id": "pc_1",
        "success_url": f"https://pay.example/back/{ATTEMPT}",
        "failure_url": f"https://pay.example/back/{ATTEMPT}",
        "3ds": {"enabled": True, "attempt_n3d": True},
    }


def test_where_buyers_come_back_to_may_stand_in_the_account() -> None:
    with broken_server(answer(201, payment())) as server:
        authorize(CHECKOUTCOM, server.url)

    body = _body(server.requests[0])
    assert body["source"] == {"type": "id", "id": "src_visa"}
    assert set(body) == {"source", "amount", "currency", "capture", "reference", "description", "metadata", "3ds"}


@pytest.mark.parametrize(
    ("verb", "line", "body"),
    [
        (
            "capture",
            "POST /payments/pi_1/captures",
            {
                "amount": 1290,
                "capture_type": "Final",
                "reference": str(CAPTURE),
                "metadata": {"tally_capture": str(CAPTURE)},
            },
        ),
        ("void", "POST /payments/pi_1/voids", {"reference": "key"}),
        (
            "refund",
            "POST /payments/pi_1/refunds",
            {"amount": 1290, "reference": str(REFUND), "metadata": {"tally_refund": str(REFUND)}},
        ),
    ],
)
def test_an_action_carries_our_key_and_our_name_for_it(verb: str, line: str, body: dict[str, Any]) -> None:
    with broken_server(answer(202, accepted(ATTEMPT))) as server:
        CALLS[verb](adapter_at(server.url))

    assert server.requests[0].decode().startswith(f"{line} HTTP/1.1\r\n")
    assert b"\r\nCko-Idempotency-Key: key\r\n" in server.requests[0]
    assert _body(server.requests[0]) == body


def test_a_capture_that_is_not_the_last_says_so() -> None:
    with broken_server(answer(202, accepted(CAPTURE))) as server:
        adapter_at(server.url).capture(key="k", capture_id=CAPTURE, psp_reference=PAYMENT, money=EUR, final=False)

    assert _body(server.requests[0])["capture_type"] == "NonFinal"


def test_the_key_is_ours_whatever_the_machine_keeps_in_its_netrc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with broken_server(answer(201, payment())) as server:
        authorize(CHECKOUTCOM, server.url)

    assert b"\r\nAuthorization: Bearer sk_sbox_contract\r\n" in server.requests[0]


def test_one_reply_leaves_nothing_behind_for_the_next_request() -> None:
    with broken_server(answer(200, payment(), "Set-Cookie: who=somebody; Path=/")) as server:
        psp = adapter_at(server.url)
        CALLS["retrieve"](psp)
        CALLS["retrieve"](psp)

    assert len(server.requests) == 2
    assert b"\r\nCookie:" not in server.requests[1]


@pytest.mark.parametrize("behaviour", [answer(201, payment()), refused(422, "token_used"), answer(500, "welcome")])
def test_what_the_sdk_logs_has_neither_key_nor_body_and_is_not_under_our_checkouts_name(
    behaviour: Behaviour, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="checkout_sdk")
    with broken_server(behaviour) as server:
        authorize(replace(CHECKOUTCOM, good_card="tok_secret"), server.url)

    assert caplog.records
    assert not [record for record in caplog.records if record.name.partition(".")[0] == "checkout"]
    for secret in ("sk_sbox_contract", "tok_secret", "token_used", "welcome", "src_"):
        assert secret not in caplog.text
