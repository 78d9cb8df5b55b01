"""The book that payments are kept in: clients read it over the API, and cannot post to it, nor change its accounts."""

from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.api import everything
from tests.ledger.books import BOOK
from tests.ledger.writing import AT, body, cash_id, done, send, writer

pytestmark = pytest.mark.django_db(transaction=True)

KEPT = (409, "book_kept")
ACCOUNT = {"code": "assets:till", "currency": "EUR", "type": "asset", "normal_side": "debit"}
NAMED = {"reference": "n-1", "effective_at": AT}
BATCH = {"transactions": [body("b-1")]}


@pytest.fixture
def client(settings: Settings) -> APIClient:
    """A client whose book had been its own before it became the application's; it has a hold and a transaction."""
    client = writer()
    done(client, "books/test/transactions", body("h-1", hold={}))
    done(client, "books/test/transactions", body("t-1"))
    settings.LEDGER_KEPT_BOOKS = frozenset({BOOK})
    return client


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("books/test/transactions", body("r-1")),
        ("books/test/transactions", body("stripe:main:pi_1:captured")),
        ("books/test/transactions/batch", {**BATCH, "mode": "per_item"}),
        ("books/test/transactions/batch", {**BATCH, "mode": "all_or_nothing"}),
        ("books/test/transactions/batch", {**BATCH, "mode": "per_item", "dry_run": True}),
        ("books/test/accounts", ACCOUNT),
        ("transactions/HOLD/settle", NAMED),
        ("transactions/HOLD/void", NAMED),
        ("transactions/POSTED/reverse", NAMED),
        ("accounts/CASH/close", {}),
        ("accounts/CASH/limits", {"floor_minor": None, "ceiling_minor": 1_000_000}),
    ],
)
def test_nothing_is_posted_or_changed(client: APIClient, address: str, sent: Any) -> None:
    # Given
    posted = client.get("/api/v1/ledger/transactions?book=test").json()["data"]
    ids = {row["reference"]: row["id"] for row in posted}
    address = address.replace("HOLD", ids["h-1"]).replace("POSTED", ids["t-1"]).replace("CASH", cash_id())
    before = everything()
    # When
    answer = send(client, address, sent)
    # Then
    assert (answer.status_code, answer.json()["code"]) == KEPT
    after = everything()
    del before["exactly_once.IdempotencyKey"], after["exactly_once.IdempotencyKey"]
    assert after == before


def test_it_is_read_closed_and_spread_as_ever(client: APIClient) -> None:
    assert client.get("/api/v1/ledger/books/test/trial-balance").status_code == 200
    assert done(client, "books/test/close-period", {"open_from": AT})["open_from"] == "2026-11-23T12:00:00+00:00"
    assert done(client, f"accounts/{cash_id()}/stripes", {"stripes": 2})["stripes"] == 2


def test_the_books_of_payments_and_of_the_shop_are_kept() -> None:
    from django.conf import settings

    assert {settings.PAYMENTS_BOOK, settings.SHOP_BOOK} == settings.LEDGER_KEPT_BOOKS
