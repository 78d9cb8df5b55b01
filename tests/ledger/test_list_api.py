"""The ledger's lists: narrowed, page by page, without a row lost or told twice while others post."""

from threading import Barrier
from typing import Any

import pytest
from django_subatomic.db import transaction
from rest_framework.test import APIClient

from ledger import queries
from ledger.accounts import raise_stripes
from ledger.api import filters
from ledger.models import Entry
from tests.concurrency.crowd import everyone
from tests.ledger.books import BOOK, CASH, FEES, SALES, post, sale
from tests.ledger.writing import body, cash_id, done, entries, send, writer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client() -> APIClient:
    return writer()


def read(client: APIClient, address: str) -> Any:
    answer = client.get(address if "//" in address else f"/api/v1/ledger/{address}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def references(client: APIClient, address: str) -> list[str]:
    """Return the references of all pages."""
    found: list[str] = []
    following: str | None = address
    while following:
        page = read(client, following)
        found += [row["reference"] for row in page["data"]]
        following = page["next"]
    return found


def post_from_elsewhere(*names: str) -> None:
    """Post each from a database session of its own: which stripe a posting takes is its session's matter."""
    together = Barrier(len(names))

    def work(number: int) -> None:
        post(sale(names[number]))
        together.wait(timeout=30)  # a session that is given back would be the next one's

    everyone(len(names), work)


def stripes_in_use() -> int:
    return Entry.objects.filter(account__public_id=cash_id()).values("stripe").distinct().count()


def test_entries_of_a_striped_account_come_once_each_though_others_post_meanwhile(client: APIClient) -> None:
    # Given entries on several stripes
    with transaction():
        raise_stripes(book=BOOK, code=CASH, currency="EUR", stripes=64)
    for turn in "abc":
        post_from_elsewhere(*(f"{turn}-{number}" for number in range(6)))
    assert stripes_in_use() >= 3
    before = set(Entry.objects.filter(account__public_id=cash_id()).values_list("stripe", "account_version"))
    # When somebody posts between any two pages
    seen: list[tuple[str, int]] = []
    following: str | None = f"accounts/{cash_id()}/entries?limit=2"
    while following:
        page = read(client, following)
        seen += [(row["reference"], row["account_version"]) for row in page["data"]]
        post_from_elsewhere(f"between-{len(seen)}")
        following = page["next"]
    # Then every entry that was there is seen, once, by falling versions
    known = [row for row in seen if not row[0].startswith("between")]
    assert len(known) == len(set(known)) == len(before)
    assert len(seen) == len(set(seen))
    assert [version for _, version in seen] == sorted((version for _, version in seen), reverse=True)


@pytest.fixture
def books(client: APIClient) -> str:
    """Four transactions on two days, one of them a hold; return what is in CASH."""
    for reference, at in (("a-1", "2026-11-20T12:00:00Z"), ("a-2", "2026-11-22T12:00:00Z")):
        done(client, "books/test/transactions", body(reference, effective_at=at))
    done(client, "books/test/transactions", body("h-1", hold={}))
    fee = {**body("f-1"), "kind": "fee", "metadata": {"order": "o 1"}, "entries": entries(5, into=FEES)}
    done(client, "books/test/transactions", fee)
    return cash_id()


@pytest.mark.usefixtures("books")
@pytest.mark.parametrize("few_entries", [0, 10_000])
@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("", ["f-1", "h-1", "a-2", "a-1"]),
        ("kind=fee", ["f-1"]),
        ("reference_prefix=a-", ["a-2", "a-1"]),
        ("reference_prefix=%25", []),
        ("account={cash}", ["h-1", "a-2", "a-1"]),
        ("account={cash}&reference_prefix=a-&book=test", ["a-2", "a-1"]),
        ("account={cash}&metadata.order=o%201", []),
        ("metadata.order=o%201", ["f-1"]),
        ("effective_from=2026-11-20T12:00:00Z&effective_before=2026-11-22T12:00:00Z", ["a-1"]),
        ("effective_from=2026-01-01T00:00:00Z&effective_before=2026-11-22T12:00:00Z", ["a-1"]),
        ("effective_from=2026-11-22T12:00:00Z", ["f-1", "h-1", "a-2"]),
        ("recorded_before=2026-01-01T00:00:00Z", []),
    ],
)
def test_transactions_are_narrowed_the_same_however_they_are_found(
    client: APIClient, monkeypatch: pytest.MonkeyPatch, few_entries: int, asked: str, expected: list[str]
) -> None:
    monkeypatch.setattr(filters, "FEW_ENTRIES", few_entries)

    assert references(client, f"transactions?limit=1&{asked.format(cash=cash_id())}") == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("", ["h-1", "a-2", "a-1"]),
        ("status=pending", ["h-1"]),
        ("status=posted&direction=debit", ["a-2", "a-1"]),
        ("direction=credit", []),
        ("effective_from=2026-11-22T12:00:00Z", ["h-1", "a-2"]),
        ("effective_before=2026-11-22T12:00:00Z", ["a-1"]),
        ("effective_from=2026-11-21T00:00:00Z&effective_before=2026-11-23T00:00:00Z&status=posted", ["a-2"]),
    ],
)
def test_entries_are_narrowed(client: APIClient, books: str, asked: str, expected: list[str]) -> None:
    assert references(client, f"accounts/{books}/entries?limit=1&{asked}") == expected


def test_accounts_are_narrowed(client: APIClient) -> None:
    # Given
    fees = queries.accounts(book=BOOK).get(code=FEES, currency="EUR").public_id
    assert send(client, f"accounts/{fees}/close", {}).status_code == 200

    def codes(asked: str) -> list[tuple[str, str]]:
        return [(row["code"], row["currency"]) for row in read(client, f"accounts?{asked}")["data"]]

    # When, Then
    assert codes("closed=true") == [(FEES, "EUR")]
    assert codes("closed=false&currency=EUR") == [(CASH, "EUR"), (SALES, "EUR")]
    assert codes("type=expense&book=test") == [(FEES, "EUR"), (FEES, "USD")]
    assert codes("prefix=asset") == []


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("accounts?closed=perhaps", 400, "unknown_choice"),
        ("accounts?type=cash", 400, "unknown_choice"),
        ("accounts/{cash}/entries?direction=up", 400, "unknown_choice"),
        ("accounts/{cash}/entries?effective_from=soon", 400, "not_a_time"),
        ("accounts/{cash}/entries?effective_from=0001-01-01T00:00:00%2B14:00", 400, "not_a_time"),
        ("accounts/{cash}/entries?cursor=bm9uZQ", 400, "cursor_invalid"),
        ("accounts/{cash}/entries?cursor=cD0tMQ", 400, "cursor_invalid"),
        ("accounts/{cash}/entries?limit=0", 400, "limit_invalid"),
        ("transactions?recorded_before=", 400, "not_a_time"),
        ("transactions?account=acc_none", 404, "account_not_found"),
    ],
)
def test_what_a_list_does_not_understand_is_refused(client: APIClient, address: str, status: int, code: str) -> None:
    answer = client.get(f"/api/v1/ledger/{address.format(cash=cash_id())}")

    problem = answer.json()
    (named,) = [one["code"] for one in problem.get("errors", [problem])]
    assert (answer.status_code, named) == (status, code)
