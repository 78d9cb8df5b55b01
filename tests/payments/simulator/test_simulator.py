"""The stand-in for a PSP, as a process of its own: what it promises is what every other test leans on."""

import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
import stripe

from tests.processes import Program, running, simulator


class Endpoint:
    """Takes webhooks and remembers them."""

    def __init__(self) -> None:
        self.taken: list[tuple[bytes, str]] = []
        taken = self.taken

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                taken.append((body, self.headers["Stripe-Signature"]))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    endpoint = Endpoint()
    yield endpoint
    endpoint.close()


@pytest.fixture
def psp(tmp_path: Path, endpoint: Endpoint) -> Iterator[Program]:
    with running(simulator(tmp_path, webhook_url=endpoint.url)) as program:
        httpx.post(f"{program.url}/_simulator/webhooks", json={"mode": "hold"}).raise_for_status()
        yield program


def _post(psp: Program, path: str, data: dict[str, str], key: str | None = None) -> httpx.Response:
    headers = {"Authorization": "Bearer sk_test", "Idempotency-Key": key or str(uuid.uuid4())}
    return httpx.post(f"{psp.url}/v1/{path}", data=data, headers=headers, timeout=30)


def _intent(token: str = "pm_card_visa", **more: str) -> dict[str, str]:
    return {"amount": "1290", "currency": "eur", "payment_method": token, "confirm": "true", **more}


def _record(psp: Program) -> dict[str, Any]:
    return dict(httpx.get(f"{psp.url}/_simulator/record").raise_for_status().json())


def test_the_same_key_replays_the_first_answer(psp: Program) -> None:
    first = _post(psp, "payment_intents", _intent(), "key-1")
    second = _post(psp, "payment_intents", _intent(), "key-1")
    assert first.json() == second.json()
    assert second.headers["Idempotent-Replayed"] == "true"
    assert [row["captured_minor"] for row in _record(psp)["charges"]] == [1290]


def test_a_key_for_another_request_is_refused(psp: Program) -> None:
    _post(psp, "payment_intents", _intent(), "key-1")
    other = _post(psp, "payment_intents", _intent(amount="1291"), "key-1")
    assert (other.status_code, other.json()["error"]["type"]) == (400, "idempotency_error")
    assert len(_record(psp)["charges"]) == 1


def test_a_decline_is_stored_too(psp: Program) -> None:
    answers = [_post(psp, "payment_intents", _intent("pm_card_chargeDeclined"), "key-1") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [402, 402]
    assert answers[0].json() == answers[1].json()
    assert [row["captured_minor"] for row in _record(psp)["charges"]] == [0]


def test_a_key_is_forgotten_after_a_day(psp: Program) -> None:
    _post(psp, "payment_intents", _intent(), "key-1")
    httpx.post(f"{psp.url}/_simulator/clock", json={"advance_seconds": 24 * 3600 + 1}).raise_for_status()
    _post(psp, "payment_intents", _intent(), "key-1")
    assert [row["captured_minor"] for row in _record(psp)["charges"]] == [1290, 1290]


def test_a_dropped_reply_was_executed_and_a_retry_learns_it(psp: Program) -> None:
    with pytest.raises(httpx.TransportError):
        _post(psp, "payment_intents", _intent("pm_tally_dropReply"), "key-1")
    assert [row["captured_minor"] for row in _record(psp)["charges"]] == [1290]
    assert _post(psp, "payment_intents", _intent("pm_tally_dropReply"), "key-1").json()["status"] == "succeeded"
    assert len(_record(psp)["charges"]) == 1


def test_a_reset_before_the_start_executed_nothing(psp: Program) -> None:
    with pytest.raises(httpx.TransportError):
        _post(psp, "payment_intents", _intent("pm_tally_resetBefore"), "key-1")
    assert _record(psp)["charges"] == []


def test_a_stored_500_stays_a_500(psp: Program) -> None:
    answers = [_post(psp, "payment_intents", _intent("pm_tally_error500"), "key-1") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [500, 500]
    assert _record(psp)["charges"] == []


def test_nonsense_is_refused_and_what_comes_after_still_works(psp: Program) -> None:
    paid = _post(psp, "payment_intents", _intent()).json()
    for path, data in (
        ("refunds", {"payment_intent": paid["id"], "amount": "abc"}),
        ("payment_intents", _intent(metadata="x")),
        ("payment_intents", _intent(amount="12.90")),
        ("refunds", {"payment_intent": paid["id"], "amount": "1291"}),
    ):
        assert _post(psp, path, data).status_code == 400
    assert _post(psp, "refunds", {"payment_intent": paid["id"], "amount": "1290"}).status_code == 200
    assert [row["refunded_minor"] for row in _record(psp)["charges"]] == [1290]


def test_held_events_are_sent_as_often_and_in_the_order_that_the_seed_says(psp: Program, endpoint: Endpoint) -> None:
    _post(psp, "payment_intents", _intent())
    command = {"flush": True, "duplicates": 3, "shuffle": True, "seed": 7}
    sent = httpx.post(f"{psp.url}/_simulator/webhooks", json=command, timeout=30).json()["deliveries"]
    events = [stripe.Webhook.construct_event(body, signature, "whsec_test") for body, signature in endpoint.taken]
    kinds = sorted(event["type"] for event in events)
    expected = ["charge.succeeded", "payment_intent.created", "payment_intent.succeeded"]
    assert sent == 9
    assert kinds == sorted(expected * 3)


def test_a_crash_loses_neither_the_record_nor_the_webhooks(psp: Program, endpoint: Endpoint) -> None:
    paid = _post(psp, "payment_intents", _intent(), "key-1").json()
    before = _record(psp)
    psp.kill9()
    psp.start()
    assert _record(psp)["charges"] == before["charges"]
    assert _post(psp, "payment_intents", _intent(), "key-1").json() == paid
    httpx.post(f"{psp.url}/_simulator/webhooks", json={"flush": True}, timeout=30).raise_for_status()
    assert {event["data"]["object"]["id"] for event in _events(endpoint)} >= {paid["id"]}


def _events(endpoint: Endpoint) -> list[Any]:
    return [stripe.Webhook.construct_event(body, signature, "whsec_test") for body, signature in endpoint.taken]


@pytest.mark.parametrize(("answer", "status"), [("approve", "succeeded"), ("fail", "requires_payment_method")])
def test_the_buyers_answer_to_the_bank_decides(psp: Program, answer: str, status: str) -> None:
    intent = _post(psp, "payment_intents", _intent("pm_card_authenticationRequired")).json()
    page = intent["next_action"]["redirect_to_url"]["url"]
    assert "3-D Secure" in httpx.get(page).text
    httpx.post(page, data={"answer": answer}).raise_for_status()
    assert [row["status"] for row in _record(psp)["charges"]] == [status]


def test_a_payment_is_found_by_our_own_id(psp: Program) -> None:
    _post(psp, "payment_intents", _intent(**{"metadata[tally_attempt]": "a-1"}))
    query = {"query": "metadata['tally_attempt']:'a-1'"}
    found = httpx.get(
        f"{psp.url}/v1/payment_intents/search", params=query, headers={"Authorization": "Bearer sk_test"}
    ).json()
    assert [intent["metadata"] for intent in found["data"]] == [{"tally_attempt": "a-1"}]
