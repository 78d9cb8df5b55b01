"""The description of the API is valid OpenAPI 3.1, and tells of keys and refusals."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client

PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path: Path = tmp_path_factory.mktemp("schema") / "schema.yaml"
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(path))
    return dict(yaml.safe_load(path.read_text()))


def operations(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def statuses(schema: dict[str, Any], operation_id: str) -> list[str]:
    [found] = [one for _, _, one in operations(schema) if one["operationId"] == operation_id]
    return list(found["responses"])


def test_it_says_what_it_is(schema: dict[str, Any]) -> None:
    assert schema["openapi"] == "3.1.0"
    assert schema["info"]["title"] == "Tally"
    assert "30 days" in schema["info"]["description"]
    assert "the same key" in " ".join(schema["info"]["description"].split())


def test_every_operation_takes_the_api_key(schema: dict[str, Any]) -> None:
    scheme = schema["components"]["securitySchemes"]["ApiKey"]

    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    others = [one["operationId"] for _, _, one in operations(schema) if one.get("security") != [{"ApiKey": []}]]
    assert others == ["psp_webhooks_receive"]  # PSPs sign


# Their bodies bring their keys.
SELF_KEYED = {
    ("/api/v1/events/{source}", "post"),
    ("/api/v1/events/{source}/batch", "post"),
    ("/webhooks/{psp}/{account}", "post"),
}


def test_every_post_takes_an_idempotency_key(schema: dict[str, Any]) -> None:
    keyed = {
        (path, method)
        for path, method, operation in operations(schema)
        for parameter in operation.get("parameters", [])
        if (parameter["name"], parameter["in"], parameter.get("required")) == ("Idempotency-Key", "header", True)
    }

    posts = {(path, method) for path, method, _ in operations(schema) if method == "post"}
    assert keyed == posts - SELF_KEYED
    assert posts >= SELF_KEYED
    assert ("/api/v1/checkout-sessions", "post") in keyed


def test_every_refusal_is_a_problem_document(schema: dict[str, Any]) -> None:
    refusals = [
        (operation["operationId"], status)
        for _, _, operation in operations(schema)
        for status, response in operation["responses"].items()
        if status >= "400" and response["content"] != PROBLEM
    ]

    assert refusals == []
    assert {"type", "title", "status", "detail", "code", "errors"} == set(
        schema["components"]["schemas"]["Problem"]["properties"]
    )
    assert set(schema["components"]["schemas"]["FieldError"]["required"]) == {"pointer", "code", "detail"}


# What any address with an API key answers.
ANY = {"400", "401", "403", "406", "429"}


@pytest.mark.parametrize(
    ("operation_id", "expected"),
    [
        ("products_list", {"200", "304"}),
        ("products_read", {"200", "304", "404"}),
        ("checkout_sessions_create", {"201", "404", "409", "413", "415", "422"}),
        ("checkout_sessions_read", {"200", "304", "404"}),
        ("checkout_sessions_change", {"200", "404", "409", "412", "413", "415"}),
        ("checkout_sessions_complete", {"200", "202", "402", "404", "409", "412", "413", "415", "422"}),
        ("carts_create", {"201", "409", "413", "415", "422"}),
        ("carts_read", {"200", "304", "404"}),
        ("carts_delete", {"204", "404", "409", "412", "413", "415"}),
        ("carts_set_line", {"200", "404", "409", "412", "413", "415"}),
        ("carts_add_line", {"200", "404", "409", "413", "415", "422"}),
        ("refunds_create", {"201", "404", "409", "413", "415", "422"}),
        ("events_send", {"200", "202", "404", "409", "413", "415"}),
        ("events_send_batch", {"200", "404", "409", "413", "415"}),
        ("webhook_endpoints_create", {"201", "409", "413", "415", "422"}),
        ("webhook_deliveries_resend", {"202", "404", "409", "413", "415", "422"}),
        ("ledger_trial_balance", {"200", "404"}),
        ("ledger_transactions_list", {"200", "404"}),
    ],
)
def test_an_operation_answers_what_fits(schema: dict[str, Any], operation_id: str, expected: set[str]) -> None:
    assert statuses(schema, operation_id) == sorted(ANY | expected)


def test_it_is_served_to_everybody() -> None:
    answer = Client().get("/api/schema/")

    assert answer.status_code == 200
    assert yaml.safe_load(answer.content)["openapi"] == "3.1.0"


def test_the_docs_page_works_without_a_network() -> None:
    page = Client().get("/api/docs/").content.decode()

    assert "swagger-ui-bundle.js" in page
    assert re.findall(r"https?:|['\"]//", page) == []
