"""Every link of the description leads somewhere: its operation is there, takes what it gives, and gets it."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator

from tests.config.test_openapi import operations

type Link = dict[str, Any]


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    made: dict[str, Any] = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]  # drf-spectacular's
    return made


@pytest.fixture(scope="module")
def links(schema: dict[str, Any]) -> dict[tuple[str, str, str], Link]:
    """Every link, by operation, status and name."""
    return {
        (operation["operationId"], status, name): link
        for _, _, operation in operations(schema)
        for status, answer in operation["responses"].items()
        for name, link in answer.get("links", {}).items()
    }


def by_id(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {operation["operationId"]: operation for _, _, operation in operations(schema)}


def names(operation: dict[str, Any], place: str) -> set[str]:
    return {each["name"] for each in operation.get("parameters", []) if each["in"] == place}


def resolved(schema: dict[str, Any], shape: dict[str, Any]) -> dict[str, Any]:
    """Return what a reference refers to, also where it may be null."""
    while True:
        if "$ref" in shape:
            shape = schema["components"]["schemas"][shape["$ref"].rpartition("/")[2]]
        elif "oneOf" in shape:
            [shape] = [each for each in shape["oneOf"] if each.get("type") != "null"]
        else:
            return shape


def is_told(schema: dict[str, Any], operation: dict[str, Any], status: str, expression: str) -> bool:
    """Whether a runtime expression finds something in the request or in the answer of an operation."""
    if expression.startswith("$request.path."):
        return expression.removeprefix("$request.path.") in names(operation, "path")
    shape = operation["responses"][status]["content"]["application/json"]["schema"]
    for step in expression.removeprefix("$response.body#/").split("/"):
        shape = resolved(schema, shape)
        shape = shape["items"] if step == "0" else shape["properties"][step]
    # Where it may be null, what it leads to is not always there.
    return resolved(schema, shape)["type"] in ("string", ["string", "null"])


def expressions(link: Link) -> Iterator[str]:
    yield from link.get("parameters", {}).values()
    yield from (text.strip("{}") for text in link.get("requestBody", {}).values())


def test_every_link_leads_to_an_operation_and_gives_all_that_its_address_takes(
    schema: dict[str, Any], links: dict[tuple[str, str, str], Link]
) -> None:
    known = by_id(schema)
    wrong = [
        where
        for where, link in links.items()
        if link["operationId"] not in known
        or link.get("parameters", {}).keys() != names(known[link["operationId"]], "path")
    ]

    assert wrong == []
    assert len(links) > 100


def test_every_link_finds_what_it_gives(schema: dict[str, Any], links: dict[tuple[str, str, str], Link]) -> None:
    known = by_id(schema)
    lost = [
        (where, expression)
        for where, link in links.items()
        for expression in expressions(link)
        if not is_told(schema, known[where[0]], where[1], expression)
    ]

    assert lost == []


def test_a_body_that_a_link_fills_has_such_a_field(
    schema: dict[str, Any], links: dict[tuple[str, str, str], Link]
) -> None:
    filled = {(link["operationId"], name) for link in links.values() for name in link.get("requestBody", ())}

    assert filled == {("refunds_create", "payment_intent")}
    shape = by_id(schema)["refunds_create"]["requestBody"]["content"]["application/json"]["schema"]
    assert "payment_intent" in resolved(schema, shape)["properties"]


@pytest.mark.parametrize(
    "way",
    [
        "checkout_sessions_create checkout_sessions_change checkout_sessions_complete orders_read payment_intents_read",
        "carts_create carts_add_line carts_change carts_read checkout_sessions_read",
        "carts_create carts_merge carts_delete",
        "checkout_sessions_create carts_read",
        "checkout_sessions_create checkout_sessions_cancel checkout_sessions_read",
        "payment_intents_create payment_intents_confirm payment_intents_capture captures_read payment_intents_read",
        "payment_intents_confirm refunds_create refunds_read payment_intents_read payment_intents_cancel",
        "ledger_books_open ledger_accounts_open ledger_accounts_balance",
        "ledger_accounts_open ledger_accounts_entries ledger_transactions_read ledger_transactions_proof",
        "ledger_books_open ledger_transactions_post ledger_holds_settle ledger_transactions_reverse",
        "ledger_transactions_post ledger_holds_void ledger_transactions_read",
        "event_sources_list event_sources_read events_send",
        "webhook_endpoints_create webhook_endpoints_read webhook_deliveries_list webhook_deliveries_resend",
        "disputes_list disputes_read payment_intents_read",
        "payouts_list payouts_read",
    ],
)
def test_links_lead_along_the_ways_that_clients_go(links: dict[tuple[str, str, str], Link], way: str) -> None:
    steps = way.split()
    linked = {(source, link["operationId"]) for (source, _, _), link in links.items()}
    missing = [step for step in pairwise(steps) if step not in linked]

    assert missing == []


def test_a_page_leads_to_its_first_thing_and_no_further(links: dict[tuple[str, str, str], Link]) -> None:
    assert [name for source, _, name in links if source == "payment_intents_list"] == ["payment_intents_read"]
    assert links["orders_list", "200", "orders_read"]["parameters"] == {"order_id": "$response.body#/data/0/id"}
