"""The ledger's write API: once per key and once per reference, and clear refusals that change nothing."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from config.access.models import ApiKey
from ledger import queries
from ledger.seal import seal
from ledger.verify import checks
from tests.ledger.books import BOOK, CASH, NOW, SALES, holdings, post, sale, written
from tests.ledger.writing import AT, altered, body, cash_id, done, entries, send, writer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client() -> APIClient:
    return writer()


def test_a_transaction_is_posted_once_per_key_and_once_per_reference(client: APIClient) -> None:
    # When
    first = send(client, "books/test/transactions", body("r-1"), key="k-1")
    again = send(client, "books/test/transactions", body("r-1"), key="k-1")
    other = send(client, "books/test/transactions", body("r-1"), key="k-2")
    # Then
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 200)
    assert again.content == first.content
    assert (first.json()["replayed"], other.json()["replayed"]) == (False, True)
    assert first.json()["id"] == other.json()["id"]
    assert holdings() == {CASH: (100, 0, 1), SALES: (0, 100, 1)}
    conflict = send(client, "books/test/transactions", body("r-1", 101))
    assert (conflict.status_code, conflict.json()["code"]) == (409, "reference_conflict")


def test_a_hold_is_settled_in_part_and_voided(client: APIClient) -> None:
    hold = done(client, "books/test/transactions", body("h-1", hold={}))["id"]
    part = {"reference": "s-1", "effective_at": AT, "entries": entries(30), "keep_rest": True}
    done(client, f"transactions/{hold}/settle", part)
    shown = client.get(f"/api/v1/ledger/accounts/{cash_id()}/balance").json()
    assert (shown["balance_minor"], shown["pending_debits_minor"]) == (30, 70)
    done(client, f"transactions/{hold}/void", {"reference": "v-1", "effective_at": AT})
    ended = send(client, f"transactions/{hold}/settle", {"reference": "s-2", "effective_at": AT})
    assert (ended.status_code, ended.json()["code"]) == (409, "hold_ended")
    assert all(check.passed for check in checks(now=NOW))


def test_a_transaction_is_reversed_once(client: APIClient) -> None:
    posted = done(client, "books/test/transactions", body("r-1"))["id"]
    done(client, f"transactions/{posted}/reverse", {"reference": "b-1", "effective_at": AT})
    again = send(client, f"transactions/{posted}/reverse", {"reference": "b-2", "effective_at": AT})
    assert again.status_code == 409
    assert queries.balance(book=BOOK, account=CASH, currency="EUR").balance.amount_minor == 0


def test_a_batch_is_posted_whole_or_item_by_item_or_only_shown(client: APIClient) -> None:
    # Given
    bad = {**body("r-2"), "entries": entries(5, into="assets:nowhere")}
    batch = {"transactions": [body("r-1"), bad, body("r-3")]}
    address = "books/test/transactions/batch"
    # When, Then
    assert send(client, address, {**batch, "mode": "all_or_nothing"}).json()["code"] == "unknown_account"
    assert written() == (0, 0)
    shown = done(client, address, {**batch, "mode": "per_item", "dry_run": True})
    assert [row["outcome"] for row in shown["results"]] == ["posted", "refused", "posted"]
    assert {row["account"]: row["balance_minor"] for row in shown["balances"]} == {CASH: 200, SALES: 200}
    assert written() == (0, 0)
    results = done(client, address, {**batch, "mode": "per_item"})["results"]
    assert [(row["outcome"], row["code"]) for row in results] == [
        ("posted", None),
        ("refused", "unknown_account"),
        ("posted", None),
    ]
    assert written() == (2, 4)


def test_books_and_accounts_are_opened_and_changed(client: APIClient) -> None:
    done(client, "books", {"code": "shop-2", "name": "Second shop"})
    account = {"code": "assets:till", "currency": "EUR", "type": "asset", "normal_side": "debit", "floor_minor": 0}
    till = done(client, "books/shop-2/accounts", account)["id"]
    assert send(client, f"accounts/{till}/stripes", {"stripes": 2}).json()["code"] == "stripes_without_limits"
    done(client, f"accounts/{till}/limits", {"floor_minor": None, "ceiling_minor": None})
    done(client, f"accounts/{till}/stripes", {"stripes": 2})
    assert done(client, f"accounts/{till}/close", {})["closed_at"] is not None


def test_a_period_is_closed(client: APIClient) -> None:
    done(client, "books/test/close-period", {"open_from": "2026-12-01T00:00:00Z"})
    late = done(client, "books/test/transactions", body("r-1"))
    assert late["effective_at"].startswith("2026-12-01")
    staying = send(client, "books/test/transactions", body("r-2", move_late=False))
    assert (staying.status_code, staying.json()["code"]) == (409, "period_closed")


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"reference": ""}, "/reference", "reference_invalid"),
        ({"kind": 5}, "/kind", "invalid"),
        ({"effective_at": "yesterday"}, "/effective_at", "invalid"),
        ({"effective_at": "2026-11-23T12:00:00"}, "/effective_at", "effective_at_naive"),
        ({"entries": []}, "/entries", "too_few_entries"),
        ({"entries": [*entries(5), {}]}, "/entries/2/amount_minor", "required"),
        ({"entries": [entries(5)[0], entries(6)[1]]}, "/entries", "unbalanced"),
        (
            {"entries": [{**entries(5)[0], "amount_minor": 5.0}, entries(5)[1]]},
            "/entries/0/amount_minor",
            "not_an_integer",
        ),
        (altered(currency="XAU"), "/entries/0/currency", "unknown_currency"),
        ({"metadata": {"a": 1}}, "/metadata/a", "invalid"),
        ({"hold": "yes"}, "/hold", "not_a_dict"),
        ({"hold": {"expires_at": "soon"}}, "/hold/expires_at", "invalid"),
        ({"move_late": "no"}, "/move_late", "invalid"),
        ({"status": "posted"}, "/status", "unknown_field"),
        ({"resolves": {}}, "/resolves", "unknown_field"),
    ],
)
def test_bad_input_names_its_field_and_changes_nothing(
    client: APIClient, change: dict[str, Any], pointer: str, code: str
) -> None:
    one = send(client, "books/test/transactions", {**body("r-1"), **change})
    batch = {"mode": "per_item", "transactions": [body("r-0"), {**body("r-1"), **change}]}
    many = send(client, "books/test/transactions/batch", batch)
    for answer, prefix in ((one, ""), (many, "/transactions/1")):
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["pointer"], error["code"]) == (400, prefix + pointer, code)
    assert written() == (0, 0)


def test_the_scope_to_read_does_not_write(client: APIClient) -> None:
    _, key = ApiKey.issue(name="reader", client="cli_reader", scopes=("ledger:read",), now=NOW)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    assert send(client, "books/test/transactions", body("r-1")).json()["code"] == "scope_missing"


def test_lists_are_narrowed(client: APIClient) -> None:
    # Given
    done(client, "books/test/transactions", body("r-1", metadata={"order": "o-1"}))
    post(sale("r-2", 5), sale("r-3", 6))

    def found(address: str) -> list[str]:
        answer = client.get(f"/api/v1/ledger/{address}")
        assert answer.status_code == 200, answer.content
        return [row["reference"] for row in answer.json()["data"]]

    # When, Then
    assert found("transactions?book=test") == ["r-3", "r-2", "r-1"]
    assert found("transactions?metadata.order=o-1") == ["r-1"]
    assert found("transactions?reference=r-2&kind=test") == ["r-2"]
    assert found("transactions?effective_from=2026-11-24T00:00:00Z") == []
    assert found(f"accounts/{cash_id()}/entries?direction=debit&status=posted") == ["r-3", "r-2", "r-1"]
    assert found(f"accounts/{cash_id()}/entries?effective_before=2026-11-23T12:00:00Z") == []
    for bad in ("transactions?recorded_from=x", f"accounts/{cash_id()}/entries?status=x"):
        assert client.get(f"/api/v1/ledger/{bad}").status_code == 400
    prefixed = client.get("/api/v1/ledger/accounts?prefix=revenue&currency=EUR").json()["data"]
    assert [row["code"] for row in prefixed] == [SALES]


def test_a_proof_comes_over_the_api(client: APIClient) -> None:
    posted = done(client, "books/test/transactions", body("r-1"))["id"]
    unsealed = client.get(f"/api/v1/ledger/transactions/{posted}/proof")
    assert (unsealed.status_code, unsealed.json()["code"]) == (404, "not_sealed")
    seal()
    assert client.get(f"/api/v1/ledger/transactions/{posted}/proof").json()["transaction"] == posted


def test_a_book_that_was_opened_is_at_its_address(client: APIClient) -> None:
    # When
    opened = send(client, "books", {"code": "shop-2", "name": "Second shop"})
    # Then
    assert (opened.status_code, opened["Location"]) == (201, "/api/v1/ledger/books/shop-2")
    assert client.get(opened["Location"]).json() == opened.json()
    assert {name: opened.json()[name] for name in ("code", "name", "open_from")} == {
        "code": "shop-2",
        "name": "Second shop",
        "open_from": None,
    }
