"""The ledger's read API: what an auditor's program sees."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from config.access.models import ApiKey
from tests.ledger.books import BOOK, CASH, NOW, SALES, open_test_book, post, sale

pytestmark = pytest.mark.django_db(transaction=True)


def _client(*scopes: str) -> APIClient:
    _, key = ApiKey.issue(name="test", client="cli_test", scopes=scopes, now=NOW)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    return client


@pytest.fixture
def auditor() -> APIClient:
    open_test_book()
    post(*(sale(f"r-{number}", number) for number in range(1, 26)))
    return _client("ledger:read")


def _account(auditor: APIClient, code: str) -> str:
    page = auditor.get(f"/api/v1/ledger/accounts?book={BOOK}&limit=100").json()
    return str(next(row["id"] for row in page["data"] if (row["code"], row["currency"]) == (code, "EUR")))


def test_accounts_are_listed_page_by_page(auditor: APIClient) -> None:
    # When
    seen, address = [], f"/api/v1/ledger/accounts?book={BOOK}&limit=2"
    while address:
        page = auditor.get(address).json()
        seen += [(row["code"], row["currency"]) for row in page["data"]]
        address = page["next"]
    # Then each of the six is there once
    assert len(seen) == len(set(seen)) == 6


def test_a_balance_is_positive_on_the_accounts_normal_side(auditor: APIClient) -> None:
    for code in (CASH, SALES):
        body = auditor.get(f"/api/v1/ledger/accounts/{_account(auditor, code)}/balance").json()
        assert (body["account"], body["currency"], body["balance_minor"]) == (code, "EUR", 325)


def test_entries_come_the_latest_first_with_the_balance_after_each(auditor: APIClient) -> None:
    address: str | None = f"/api/v1/ledger/accounts/{_account(auditor, CASH)}/entries?limit=10"
    rows: list[Any] = []
    while address:
        page = auditor.get(address).json()
        rows += page["data"]
        address = page["next"]
    assert [row["account_version"] for row in rows] == list(range(25, 0, -1))
    assert [row["reference"] for row in rows] == [f"r-{number}" for number in range(25, 0, -1)]
    assert rows[0]["balance_after_minor"] == 325


def test_a_transaction_shows_its_entries(auditor: APIClient) -> None:
    rows = auditor.get(f"/api/v1/ledger/accounts/{_account(auditor, CASH)}/entries?limit=1").json()["data"]
    body = auditor.get(f"/api/v1/ledger/transactions/{rows[0]['transaction']}").json()
    assert (body["reference"], body["book"]) == ("r-25", BOOK)
    assert [(row["account"], row["direction"], row["amount_minor"]) for row in body["entries"]] == [
        (CASH, "debit", 25),
        (SALES, "credit", 25),
    ]


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("accounts/acc_nobody", "account_not_found"),
        ("accounts/acc_nobody/balance", "account_not_found"),
        ("accounts/acc_nobody/entries", "account_not_found"),
        ("transactions/txn_nobody", "transaction_not_found"),
        ("books/nowhere", "book_not_found"),
        ("books/nowhere/trial-balance", "book_not_found"),
    ],
)
def test_what_is_not_there_is_not_found(auditor: APIClient, address: str, code: str) -> None:
    answer = auditor.get(f"/api/v1/ledger/{address}")
    assert (answer.status_code, answer.json()["code"]) == (404, code)
