"""The ledger's API as a client with a key to write sees it."""

from typing import Any
from uuid import uuid4

from rest_framework.test import APIClient

from config.access.models import ApiKey
from ledger import queries
from tests.ledger.books import BOOK, CASH, NOW, SALES, open_test_book

AT = "2026-11-23T12:00:00Z"


def writer() -> APIClient:
    """Open the test book and return a client that may read and write it."""
    open_test_book()
    _, key = ApiKey.issue(name="test", client="cli_test", scopes=("ledger:read", "ledger:write"), now=NOW)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    return client


def send(client: APIClient, address: str, body: Any, *, key: str | None = None) -> Any:
    return client.post(
        f"/api/v1/ledger/{address}", body, format="json", headers={"Idempotency-Key": key or str(uuid4())}
    )


def done(client: APIClient, address: str, body: Any) -> Any:
    answer = send(client, address, body)
    assert answer.status_code in {200, 201}, answer.content
    return answer.json()


def entries(amount_minor: int, *, into: str = CASH, out_of: str = SALES) -> list[dict[str, Any]]:
    return [
        {"account": into, "direction": "debit", "amount_minor": amount_minor, "currency": "EUR"},
        {"account": out_of, "direction": "credit", "amount_minor": amount_minor, "currency": "EUR"},
    ]


def body(reference: str, amount_minor: int = 100, **more: Any) -> dict[str, Any]:
    return {"reference": reference, "kind": "test", "effective_at": AT, "entries": entries(amount_minor), **more}


def altered(**change: Any) -> dict[str, Any]:
    """Return entries of which the first has another field."""
    first, second = entries(5)
    return {"entries": [{**first, **change}, second]}


def cash_id() -> str:
    return queries.accounts(book=BOOK).get(code=CASH, currency="EUR").public_id
