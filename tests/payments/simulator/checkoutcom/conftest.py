"""One simulator for all tests of a file, empty at the start of each, its webhooks held back."""

import hashlib
import hmac
import json
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.processes import SECRETS, Program, running, simulator
from tests.webhook_endpoint import Endpoint


@dataclass(frozen=True, slots=True)
class Simulator:
    """The simulator, as Checkout.com's callers and as tests see it."""

    program: Program
    http: httpx.Client
    endpoint: Endpoint

    def post(self, path: str, told: Any, key: str | None = None, *, timeout: float = 30) -> httpx.Response:
        """Send what Checkout.com's SDK would."""
        headers = {"Cko-Idempotency-Key": key or str(uuid.uuid4())}
        # Escaped, so that what is no Unicode can be sent, too
        return self.http.post(f"/checkoutcom/{path}", content=json.dumps(told), headers=headers, timeout=timeout)

    def pay(self, token: str = "src_visa", key: str | None = None, **more: Any) -> httpx.Response:
        """Request a payment of EUR 12.90."""
        kind, name = ("token", "token") if token.startswith("tok_") else ("id", "id")
        told = {"source": {"type": kind, name: token}, "amount": 1290, "currency": "EUR", "reference": "order-1"}
        return self.post("payments", {**told, **more}, key)

    def paid(self, token: str = "src_visa", **more: Any) -> str:
        """Do so and return the payment's id."""
        return str(self.pay(token, **more).raise_for_status().json()["id"])

    def act(self, payment: str, what: str, **told: Any) -> tuple[int, Any]:
        """Ask for a capture, a void or a refund; return (status, error codes or what else is told)."""
        answer = self.post(f"payments/{payment}/{what}", told)
        body = answer.json() if answer.content else {}
        return answer.status_code, body.get("error_codes", body.get("reference"))

    def get(self, path: str, **params: Any) -> Any:
        """Read from Checkout.com's API."""
        return self.http.get(f"/checkoutcom/{path}", params=params).raise_for_status().json()

    def control(self, what: str, **command: Any) -> dict[str, Any]:
        """Steer."""
        return dict(self.http.post(f"/_simulator/{what}", json=command).raise_for_status().json())

    def record(self) -> dict[str, Any]:
        """Return the record of everything."""
        return dict(self.http.get("/_simulator/record").raise_for_status().json())

    def charges(self) -> list[tuple[str, int, int]]:
        """Return (status, captured, refunded) of every payment."""
        return [(row["status"], row["captured_minor"], row["refunded_minor"]) for row in self.record()["charges"]]

    def story(self) -> list[dict[str, Any]]:
        """Send what is held back, in its order, and return the events, their signatures checked."""
        self.control("webhooks", flush=True)
        events = []
        for body, headers in self.endpoint.taken:
            signature = hmac.new(SECRETS["checkoutcom"].encode(), body, hashlib.sha256).hexdigest()
            assert headers["Cko-Signature"] == signature
            events.append(json.loads(body))
        return sorted(events, key=lambda event: event["created_on"])

    def told(self) -> set[str]:
        """Return the kinds of all events so far, without ``payment_``."""
        return {event["type"].removeprefix("payment_") for event in self.story()}


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with running(simulator(tmp_path_factory.mktemp("simulator"))) as program:
        yield program


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with closing(Endpoint()) as endpoint:
        yield endpoint


@pytest.fixture
def psp(process: Program, endpoint: Endpoint) -> Iterator[Simulator]:
    with httpx.Client(base_url=process.url, timeout=30, headers={"Authorization": "Bearer sk_test"}) as http:
        psp = Simulator(process, http, endpoint)
        http.delete("/_simulator/data").raise_for_status()
        endpoint.letters.clear()
        psp.control("webhooks", mode="hold", base=endpoint.url)
        yield psp
        psp.control("webhooks", mode="hold", base="")
