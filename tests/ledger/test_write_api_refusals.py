"""What the ledger's write API refuses leaves the books, and the keys, as they were."""

from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from ledger import queries
from tests.api import everything
from tests.ledger.books import BOOK, CASH, holdings, written
from tests.ledger.writing import AT, body, cash_id, done, entries, send, writer

pytestmark = pytest.mark.django_db(transaction=True)

LATER, MUCH_LATER = "2026-12-01T00:00:00Z", "2027-12-01T00:00:00Z"
ACCOUNT = {"code": "assets:till", "currency": "EUR", "type": "asset", "normal_side": "debit"}
PART = {"reference": "p-1", "effective_at": AT}


@pytest.fixture
def client() -> APIClient:
    return writer()


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_a_reused_key_does_not_close_a_period(client: APIClient) -> None:
    # Given
    first = send(client, "books/test/close-period", {"open_from": LATER}, key="k")
    # When
    reused = send(client, "books/test/close-period", {"open_from": MUCH_LATER}, key="k")
    # Then
    assert first.json() == {"open_from": "2026-12-01T00:00:00+00:00"}
    assert code_of(reused) == (422, "idempotency_key_reused")
    assert str(queries.book(code=BOOK).open_from) == "2026-12-01 00:00:00+00:00"
    assert send(client, "books/test/close-period", {"open_from": LATER}, key="k").content == first.content


def test_closing_a_book_that_is_none_leaves_the_key_free(client: APIClient) -> None:
    assert code_of(send(client, "books/none/close-period", {"open_from": LATER}, key="k")) == (404, "book_not_found")
    assert send(client, "books/test/close-period", {"open_from": LATER}, key="k").status_code == 200


def test_an_account_is_opened_once_and_never_as_another(client: APIClient) -> None:
    # Given
    limits = {"floor_minor": -5, "ceiling_minor": 10, "metadata": {"till": " 7 "}}
    first = done(client, "books/test/accounts", {**ACCOUNT, **limits})
    # Then
    assert {name: first[name] for name in (*limits, "stripes")} == {**limits, "stripes": 1}
    assert done(client, "books/test/accounts", ACCOUNT) == first
    other = send(client, "books/test/accounts", {**ACCOUNT, "type": "liability"})
    assert code_of(other) == (409, "account_differs")


def test_entries_that_are_null_stand_for_all(client: APIClient) -> None:
    hold = done(client, "books/test/transactions", body("h-1", hold={"expires_at": None}))["id"]
    settled = done(client, f"transactions/{hold}/settle", {**PART, "entries": None})
    done(client, f"transactions/{settled['id']}/reverse", {"reference": "b-1", "effective_at": AT, "entries": None})
    assert holdings()[CASH] == (100, 100, 4)


@pytest.mark.parametrize(
    ("address", "change", "pointer", "code"),
    [
        ("settle", {"effective_at": "2026-11-23T12:00:00"}, "/effective_at", "effective_at_naive"),
        ("settle", {"reference": ""}, "/reference", "blank"),
        ("settle", {"reference": "x" * 256}, "/reference", "max_length"),
        ("settle", {"keep_rest": "perhaps"}, "/keep_rest", "invalid"),
        ("settle", {"keep_rest": 1}, "/keep_rest", "invalid"),
        ("settle", {"entries": [entries(5)[0], entries(6)[1]]}, "/entries", "unbalanced"),
        ("reverse", {"entries": [entries(5)[0], entries(6)[1]]}, "/entries", "unbalanced"),
        ("settle", {"entries": "all"}, "/entries", "not_a_list"),
        ("settle", {"entries": []}, "/entries", "min_length"),
        ("settle", {"entries": entries(5)[:1]}, "/entries", "min_length"),
        ("settle", {"entries": [{}, {}]}, "/entries/0/account", "required"),
        ("settle", {"entries": [{**entries(5)[0], "colour": 1}, entries(5)[1]]}, "/entries/0/colour", "unknown_field"),
        ("void", {"entries": None}, "/entries", "unknown_field"),
        ("void", {"effective_at": None}, "/effective_at", "null"),
        ("reverse", {"effective_at": "soon"}, "/effective_at", "invalid"),
        (
            "reverse",
            {"entries": [{**entries(5)[0], "amount_minor": 0}, entries(5)[1]]},
            "/entries/0/amount_minor",
            "min_value",
        ),
    ],
)
def test_bad_input_on_a_hold_names_its_field_and_changes_nothing(
    client: APIClient, address: str, change: dict[str, Any], pointer: str, code: str
) -> None:
    # Given
    hold = done(client, "books/test/transactions", body("h-1", hold={}))["id"]
    before = everything()
    # When
    answer = send(client, f"transactions/{hold}/{address}", {**PART, **change})
    # Then
    assert code_of(answer) == (400, "invalid_input")
    assert [pointer, code] in [[one["pointer"], one["code"]] for one in answer.json()["errors"]]
    assert everything() == before


@pytest.mark.parametrize(
    ("address", "sent", "pointer", "code"),
    [
        ("books", {"code": "Shop!", "name": "x"}, "/code", "invalid"),
        ("books/test/accounts", {**ACCOUNT, "code": "a b"}, "/code", "invalid"),
        ("books/test/accounts", {**ACCOUNT, "code": "a\x1fb"}, "/code", "invalid"),
        ("books/test/accounts", {**ACCOUNT, "code": "a:b\n"}, "/code", "invalid"),
        ("books", {"code": "shop\n", "name": "x"}, "/code", "invalid"),
        ("books", {"code": "shop", "name": "a\0b"}, "/name", "null_characters_not_allowed"),
        ("books/test/accounts", {**ACCOUNT, "currency": "XAU"}, "/currency", "unknown_currency"),
        ("books/test/accounts", {**ACCOUNT, "stripes": 65}, "/stripes", "max_value"),
        ("books/test/accounts", {**ACCOUNT, "floor_minor": 0.0}, "/floor_minor", "not_an_integer"),
        ("books/test/accounts", {**ACCOUNT, "metadata": {"a": 1}}, "/metadata/a", "invalid"),
        ("books/test/accounts", {**ACCOUNT, "metadata": {"a\0": ""}}, "/metadata", "null_characters_not_allowed"),
        ("books/test/close-period", {"open_from": "2026-12-01T00:00:00"}, "/open_from", "effective_at_naive"),
        ("accounts/ID/limits", {"floor_minor": 1}, "/ceiling_minor", "required"),
        ("accounts/ID/stripes", {"stripes": "2"}, "/stripes", "not_an_integer"),
        ("accounts/ID/close", {"now": True}, "/now", "unknown_field"),
        ("books/test/transactions", {**body("r"), "a/b~c": 1}, "/a~1b~0c", "unknown_field"),
        ("books/test/transactions", body("r", metadata={"a/b": 1}), "/metadata/a~1b", "invalid"),
        ("books/test/transactions/batch", {"mode": "all", "transactions": []}, "/mode", "invalid_choice"),
        ("books/test/transactions/batch", {"mode": "per_item", "transactions": []}, "/transactions", "not_a_list"),
        ("books/test/transactions/batch", {"mode": {}, "transactions": []}, "/mode", "invalid_choice"),
        ("books/test/transactions/batch", {"mode": ["per_item"], "transactions": []}, "/mode", "invalid_choice"),
        ("books/test/transactions/batch", [], "/mode", "invalid_choice"),
    ],
)
def test_bad_input_names_its_field_and_changes_nothing(
    client: APIClient, address: str, sent: Any, pointer: str, code: str
) -> None:
    # Given
    address = address.replace("ID", cash_id())
    before = everything()
    # When
    answer = send(client, address, sent)
    # Then
    assert code_of(answer) == (400, "invalid_input")
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(pointer, code)]
    assert everything() == before


def test_every_item_of_a_batch_that_breaks_a_rule_is_named_up_to_a_hundred(client: APIClient) -> None:
    # Given
    items = [body("r-0"), *({**body(f"r-{number}"), "kind": ""} for number in range(1, 150))]
    # When
    answer = send(client, "books/test/transactions/batch", {"mode": "per_item", "transactions": items})
    # Then
    wrong = answer.json()["errors"]
    assert [one["pointer"] for one in wrong] == [f"/transactions/{number}/kind" for number in range(1, 101)]
    assert {one["code"] for one in wrong} == {"kind_invalid"}
    assert written() == (0, 0)


def test_a_batch_may_be_longer_than_other_bodies_and_not_endless(client: APIClient, settings: Settings) -> None:
    # Given
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE, settings.LEDGER_BATCH_MAX_BYTES = 600, 2_000
    two, ten = ([body(f"r-{number}") for number in range(count)] for count in (3, 10))
    address = "books/test/transactions/batch"
    # When, Then
    assert done(client, address, {"mode": "all_or_nothing", "transactions": two})["results"][2]["outcome"] == "posted"
    too_long = send(client, address, {"mode": "all_or_nothing", "transactions": ten})
    assert (*code_of(too_long), too_long.json()["detail"]) == (
        413,
        "body_too_large",
        "A body has at most 2000 bytes here.",
    )
    assert code_of(send(client, "books/test/transactions", body("r", description="x" * 600))) == (413, "body_too_large")
    assert written() == (3, 6)
