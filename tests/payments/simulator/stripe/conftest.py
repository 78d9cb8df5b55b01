"""One simulator for all tests of a file, empty at the start of each, its webhooks held back."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.processes import Program, running, simulator
from tests.webhook_endpoint import SECRET, Endpoint


@dataclass(frozen=True, slots=True)
class Simulator:
    """The simulator, as Stripe's callers and as tests see it."""

    program: Program
    http: httpx.Client

    def post(self, path: str, data: dict[str, str], key: str | None = None, *, timeout: float = 30) -> httpx.Response:
        """Send what Stripe's SDK would."""
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        return self.http.post(f"/v1/{path}", data=data, headers=headers, timeout=timeout)

    def pay(self, token: str = "pm_card_visa", key: str | None = None, **more: str) -> httpx.Response:
        """Create and confirm a PaymentIntent over EUR 12.90."""
        told = {"amount": "1290", "currency": "eur", "payment_method": token, "confirm": "true"}
        return self.post("payment_intents", {**told, **more}, key)

    def paid(self, token: str = "pm_card_visa", **more: str) -> dict[str, Any]:
        """Do so and return the PaymentIntent."""
        return dict(self.pay(token, **more).raise_for_status().json())

    def get(self, path: str, **params: str) -> httpx.Response:
        """Read from Stripe's API."""
        return self.http.get(f"/v1/{path}", params=params)

    def control(self, what: str, **command: Any) -> dict[str, Any]:
        """Steer."""
        return dict(self.http.post(f"/_simulator/{what}", json=command).raise_for_status().json())

    def record(self) -> dict[str, Any]:
        """Return the record of everything."""
        return dict(self.http.get("/_simulator/record").raise_for_status().json())

    def charges(self) -> list[tuple[str, int, int]]:
        """Return (status, captured, refunded) of every payment."""
        return [(row["status"], row["captured_minor"], row["refunded_minor"]) for row in self.record()["charges"]]


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with running(simulator(tmp_path_factory.mktemp("simulator"), webhook_secrets={"stripe": SECRET})) as program:
        yield program


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    endpoint = Endpoint()
    yield endpoint
    endpoint.close()


@pytest.fixture
def psp(process: Program, endpoint: Endpoint) -> Iterator[Simulator]:
    with httpx.Client(base_url=process.url, timeout=30, headers={"Authorization": "Bearer sk_test"}) as http:
        psp = Simulator(process, http)
        http.delete("/_simulator/data").raise_for_status()
        psp.control("webhooks", mode="hold", base=endpoint.url)
        yield psp
        psp.control("webhooks", mode="hold", base="")
