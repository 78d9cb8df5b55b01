"""Who talks to the service from outside: the shop's client and the PSP with its webhooks, in this process."""

import hashlib
import hmac
import json
import time
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import httpx
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from config.access.models import ApiKey

CLIENT = "cli_crash"
BUYER = "ada@example.com"


class ShopClient:
    """A client of the REST API with a key of its own."""

    def __init__(self, api_key: str) -> None:
        headers = {"Authorization": f"Bearer {api_key}"}
        self._http = Client(headers=headers, SERVER_NAME="localhost", raise_request_exception=False)

    @staticmethod
    def new_api_key() -> str:
        """Issue a key in the database."""
        return ApiKey.issue(name="crash", client=CLIENT, scopes=("checkout",), now=datetime.now(UTC))[1]

    def open_session(self, sku: str, *, email: str = BUYER) -> str:
        """Return the id of a session that can be paid."""
        cart = {
            "currency": "EUR",
            "line_items": [{"sku": sku, "quantity": 1}],
            "buyer": {"email": email, "name": "Ada"},
        }
        answer = self.post("checkout-sessions", cart, key=f"open {email}")
        assert answer.status_code == 201, answer.content
        return str(json.loads(answer.content)["id"])

    def post(self, path: str, body: Any, *, key: str) -> HttpResponse:
        """Send a request with an effect; a good client sends it under the same key each time."""
        headers = {"Idempotency-Key": f'"{key}"'}
        answer = self._http.post(f"/api/v1/{path}", json.dumps(body), "application/json", headers=headers)
        assert isinstance(answer, HttpResponse)
        return answer


class PspWithWebhooks:
    """The PSP: its record, and the webhooks that it sends until each has got its 200."""

    def __init__(self, acknowledged: Collection[str] = ()) -> None:
        self._account = settings.PSP_ACCOUNTS["stripe"]["main"]
        self._acknowledged = set(acknowledged)
        self._http = Client(SERVER_NAME="localhost", raise_request_exception=False)

    def events(self, kind: str = "") -> list[dict[str, Any]]:
        """Return what the PSP has to tell, the oldest first."""
        rows: list[dict[str, Any]] = self._get("/v1/events?limit=100")["data"]
        return [row for row in reversed(rows) if row["type"].startswith(kind)]

    def deliver(self, event: dict[str, Any]) -> bool:
        """Send one event, signed; return whether it was taken."""
        body = json.dumps(event).encode()
        moment = int(time.time())
        secret = self._account["webhook_secret"].encode()
        signature = hmac.new(secret, f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
        headers = {"Stripe-Signature": f"t={moment},v1={signature}"}
        answer = self._http.post("/webhooks/stripe/main", body, "application/json", headers=headers)
        return answer.status_code == 200

    def deliver_all(self) -> None:
        """Send everything that was not taken so far."""
        for event in self.events():
            if event["id"] not in self._acknowledged and self.deliver(event):
                self._acknowledged.add(event["id"])

    def record(self) -> dict[str, list[Any]]:
        """Return what the PSP did, without its ids."""
        record = self._get("/_simulator/record")
        return {
            "charges": sorted(
                [row["status"], row["captured_minor"], row["refunded_minor"]] for row in record["charges"]
            ),
            "refunds": sorted([row["status"], row["amount_minor"]] for row in record["refunds"]),
        }

    def _get(self, path: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._account['api_key']}"}
        answer: dict[str, Any] = httpx.get(self._account["api_base"] + path, headers=headers).raise_for_status().json()
        return answer
