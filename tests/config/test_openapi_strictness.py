"""The description says how strict the API is, so that what fits it is taken, and what does not is refused."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator

from exactly_once.api.idempotency import KEY_PATTERN, parse_key
from exactly_once.errors import InvalidInput
from tests.config.test_openapi import operations


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    made: dict[str, Any] = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]  # drf-spectacular's
    return made


def operation(schema: dict[str, Any], operation_id: str) -> dict[str, Any]:
    [found] = [one for _, _, one in operations(schema) if one["operationId"] == operation_id]
    return found


def component(schema: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = schema["components"]["schemas"][name]
    return found


def parameters(schema: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
    for _, _, one in operations(schema):
        yield from (each for each in one.get("parameters", []) if each["name"] == name)


def bodies(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the component of every request body that has one."""
    contents = [one["requestBody"]["content"].values() for _, _, one in operations(schema) if "requestBody" in one]
    names = [
        content["schema"]["$ref"].rpartition("/")[2] for [content] in map(list, contents) if "$ref" in content["schema"]
    ]
    return dict(_alternatives(schema, names))


def _alternatives(schema: dict[str, Any], names: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the components of these names; in place of a choice, those that can be chosen."""
    for name in names:
        shape = component(schema, name)
        if "oneOf" in shape:
            yield from _alternatives(schema, [one["$ref"].rpartition("/")[2] for one in shape["oneOf"]])
        else:
            yield name, shape


def test_a_body_with_an_unknown_field_does_not_fit(schema: dict[str, Any]) -> None:
    loose = [name for name, shape in bodies(schema).items() if shape.get("additionalProperties") is not False]

    assert loose == []
    assert len(bodies(schema)) > 20


def test_a_body_may_be_left_out_exactly_where_all_its_fields_may(schema: dict[str, Any]) -> None:
    assert operation(schema, "refunds_create")["requestBody"]["required"] is True
    assert "required" not in operation(schema, "payment_intents_confirm")["requestBody"]


def test_a_limit_is_from_1_to_100(schema: dict[str, Any]) -> None:
    limits = [each["schema"] for each in parameters(schema, "limit")]

    assert {(each["type"], each["minimum"], each["maximum"]) for each in limits} == {("integer", 1, 100)}
    assert len(limits) > 10


def test_lists_say_how_long_they_may_be(schema: dict[str, Any]) -> None:
    cart = component(schema, "CreateSessionRequest")["properties"]["line_items"]
    posted = component(schema, "TransactionBodyRequest")["properties"]["entries"]
    part = component(schema, "SettleBodyRequest")["properties"]["entries"]
    types = component(schema, "CreateEndpointBodyRequest")["properties"]["event_types"]

    assert (cart["minItems"], cart["maxItems"]) == (1, 100)
    assert (posted["minItems"], posted["maxItems"]) == (2, 1000)
    assert (part["minItems"], part["maxItems"], part["type"]) == (2, 1000, ["array", "null"])
    assert (types["minItems"], types["maxItems"], types["items"]["maxLength"]) == (1, 50, 64)


@pytest.mark.parametrize(
    ("name", "fits", "fits_not"),
    [
        ("CurrencyCode", ["EUR", "JPY"], ["XAU", "eur", "EURO", "EUR\n", ""]),
        ("AccountBodyRequest.code", ["assets:bank", "a"], ["a b", "a:", ":a", "a\x1fb", "a\x85", "a\ufeff", "a\n"]),
        ("BookBodyRequest.code", ["shop-2", "0"], ["Shop", "-a", "shop\n"]),
        ("TokenRequest.token", ["pm_card_visa"], ["4242424242424242", "pm card", ""]),
    ],
)
def test_a_pattern_tells_what_fits(schema: dict[str, Any], name: str, fits: list[str], fits_not: list[str]) -> None:
    shape, _, field = name.partition(".")
    found = component(schema, shape)["properties"][field] if field else component(schema, shape)
    # What `$` is in JSON Schema's regular expressions is `\Z` in Python's.
    pattern = re.compile(found["pattern"].removesuffix("$") + r"\Z")

    assert [text for text in fits if not pattern.search(text)] == []
    assert [text for text in fits_not if pattern.search(text)] == []


@pytest.mark.parametrize("key", ["a", '"two words"', r'"a \" b"', "!#[]~", '"', '""', "two words", "clé", "", '"a"b'])
@pytest.mark.parametrize("times", [1, 300])
def test_an_idempotency_key_fits_exactly_if_it_is_taken(key: str, times: int) -> None:
    header = key if times == 1 else key * times
    try:
        taken = bool(parse_key(header))
    except InvalidInput:
        taken = False

    assert bool(re.fullmatch(KEY_PATTERN, header)) == taken


def test_what_is_new_says_where_it_is(schema: dict[str, Any]) -> None:
    new = {one["operationId"]: one["responses"].get("201") for _, _, one in operations(schema)}
    silent = [name for name, answer in new.items() if answer and not answer["headers"]["Location"]["required"]]

    assert silent == []
    assert new["refunds_create"] is not None


def test_headers_that_a_status_demands_are_described(schema: dict[str, Any]) -> None:
    paid = operation(schema, "payment_intents_confirm")["responses"]

    assert paid["401"]["headers"]["WWW-Authenticate"]["required"] is True
    assert paid["429"]["headers"]["Retry-After"]["required"] is True
    assert paid["202"]["headers"]["Retry-After"]["required"] is True
    assert "required" not in paid["409"]["headers"]["Retry-After"]


def test_a_report_comes_as_json_or_as_a_file(schema: dict[str, Any]) -> None:
    answer = operation(schema, "ledger_balance_sheet")["responses"]["200"]["content"]

    assert answer.keys() == {"application/json", "text/csv"}


def test_the_psps_address_is_described_without_a_key(schema: dict[str, Any]) -> None:
    found = operation(schema, "psp_webhooks_receive")

    assert "security" not in found
    assert "Stripe-Signature" in [each["name"] for each in found["parameters"] if each["in"] == "header"]
    assert list(found["responses"]) == ["200", "400", "404", "413"]
