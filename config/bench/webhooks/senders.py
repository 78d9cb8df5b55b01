"""What producers send: signed webhooks, single events, batches of events. All made before the clock starts."""

import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Iterator

from config.bench.http_load import request
from config.bench.webhooks.stand import SOURCE, Stand

# No two runs may send the same event, or the second would send duplicates.
_numbers = itertools.count(1)


def webhooks(stand: Stand, *, count: int, path: str = "/webhooks/stripe/main") -> list[bytes]:
    """Return so many different events, each as large as Stripe's are, signed now."""
    return [_webhook(stand, path, _webhook_body(next(_numbers))) for _ in range(count)]


def single_events(stand: Stand, *, count: int) -> list[bytes]:
    """Return so many requests of one event each."""
    return [_event_request(stand, "", _event(next(_numbers))) for _ in range(count)]


def event_batches(stand: Stand, *, count: int, size: int) -> list[bytes]:
    """Return so many requests of ``size`` events each."""
    return [
        _event_request(stand, "/batch", {"events": [_event(next(_numbers)) for _ in range(size)]}) for _ in range(count)
    ]


def over_and_over(requests: list[bytes]) -> Iterator[bytes]:
    """Send the same ones again and again."""
    return itertools.cycle(requests)


def _webhook(stand: Stand, path: str, body: bytes) -> bytes:
    now = int(time.time())
    signature = hmac.new(stand.webhook_secret.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    return request(path=path, body=body, headers={"Stripe-Signature": f"t={now},v1={signature}"})


def _webhook_body(number: int) -> bytes:
    """Return an event of about 1.5 kB: a payment that succeeded, with the fields that Stripe fills."""
    intent = {
        "id": f"pi_{number:024d}",
        "object": "payment_intent",
        "amount": 1290,
        "amount_received": 1290,
        "currency": "eur",
        "status": "succeeded",
        "metadata": {"attempt": f"00000000-0000-4000-8000-{number:012d}", "order": f"chk_{number:026d}"},
        "charges": {"data": [{"id": f"ch_{number:024d}", "outcome": {"network_status": "approved_by_network"}}]},
        "description": "A sale of the benchmark. " * 30,
    }
    event = {
        "id": f"evt_{number:024d}",
        "object": "event",
        "api_version": "2026-10-28",
        "created": 1795000000,
        "type": "payment_intent.succeeded",
        "livemode": False,
        "data": {"object": intent},
    }
    return json.dumps(event).encode()


def _event(number: int) -> dict[str, object]:
    return {"id": f"evt_{number}", "type": "parcel.delivered", "parcel": f"prc_{number}", "weight_grams": number % 5000}


def _event_request(stand: Stand, address: str, body: dict[str, object]) -> bytes:
    return request(
        path=f"/api/v1/events/{SOURCE}{address}",
        body=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {stand.api_key}"},
    )
