"""Events that do not fit their source's schema: named by field and rule, and nothing is kept of them."""

import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from jsonschema import Draft7Validator

from exactly_once.event_schemas import check_schema
from exactly_once.models import InboxEvent
from tests.api import problem
from tests.exactly_once.events import body_of, counted, make_source, results, send, send_batch, sender

pytestmark = pytest.mark.django_db(transaction=True)

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "parcel"],
    "properties": {
        "type": {"enum": ["parcel.sent", "parcel.delivered"]},
        "parcel": {"$ref": "#/$defs/parcel"},
    },
    "$defs": {"parcel": {"type": "object", "required": ["id"], "properties": {"weight_g": {"type": "integer"}}}},
}
GOOD = {"id": "evt_1", "type": "parcel.sent", "parcel": {"id": "prc_7", "weight_g": 1200}}


@pytest.mark.parametrize(
    ("event", "broken"),
    [
        ({"id": "evt_1", "type": "parcel.sent"}, [("/parcel", "required", "'parcel' is a required property")]),
        ({**GOOD, "parcel": {}}, [("/parcel/id", "required", "'id' is a required property")]),
        (
            {**GOOD, "parcel": {"id": 1, "weight_g": 1.5}},
            [("/parcel/weight_g", "type", "1.5 is not of type 'integer'")],
        ),
        (
            {"id": "evt_1", "type": "x"},
            [
                ("/parcel", "required", "'parcel' is a required property"),
                ("/type", "enum", "'x' is not one of ['parcel.sent', 'parcel.delivered']"),
            ],
        ),
    ],
)
def test_an_event_that_does_not_fit_is_refused_by_field_and_rule(event: Any, broken: list[Any]) -> None:
    # Given
    make_source(schema=SCHEMA)
    # When
    refusal = problem(send(sender(), event))
    # Then
    assert (refusal["status"], refusal["code"]) == (400, "invalid_input")
    assert sorted((error["pointer"], error["code"], error["detail"]) for error in refusal["errors"]) == broken
    assert not InboxEvent.objects.exists()
    assert counted() == (0, 0, 0, 1)


def test_of_a_batch_those_that_fit_are_kept() -> None:
    # Given
    make_source(schema=SCHEMA)
    # When
    answer = send_batch(sender(), {**GOOD, "type": "x"}, GOOD, {**GOOD, "parcel": {}}, GOOD)
    # Then
    assert results(answer) == ["invalid", "accepted", "invalid", "duplicate"]
    assert [one["key"] for one in answer["results"]] == ["evt_1"] * 4
    assert [error["pointer"] for error in answer["results"][2]["errors"]] == ["/parcel/id"]
    assert json.loads(body_of(InboxEvent.objects.get())) == GOOD
    assert counted() == (1, 1, 0, 2)


def test_an_event_that_breaks_many_rules_hears_of_ten_and_gets_no_long_echo() -> None:
    # Given
    make_source(schema={"additionalProperties": {"type": "integer"}, "properties": {"id": True}})
    event = {"id": "evt_1", **{f"f{number}": "x" * 5_000 for number in range(50)}}
    # When
    [answer] = send_batch(sender(), event)["results"]
    # Then
    assert len(answer["errors"]) == 10
    assert {len(error["detail"]) for error in answer["errors"]} == {200}


def test_an_event_that_is_nested_beyond_its_schema_is_refused() -> None:
    # Given a schema that follows every level
    make_source(schema={"$defs": {"node": {"properties": {"n": {"$ref": "#/$defs/node"}}}}, "$ref": "#/$defs/node"})
    event: dict[str, Any] = {"id": "evt_1"}
    inner = event
    for _ in range(400):
        inner["n"] = {}
        inner = inner["n"]
    # When
    [answer] = send_batch(sender(), event)["results"]
    # Then
    assert (answer["result"], [error["code"] for error in answer["errors"]]) == ("invalid", ["nesting"])


@pytest.mark.parametrize(
    "schema",
    [
        [],
        True,
        {"type": "text"},
        {"properties": []},
        {"$ref": "https://example.com/schema.json"},
        {"properties": {"a": {"$ref": "other.json#/x"}}},
        {"$ref": "#/$defs/missing"},
    ],
)
def test_what_is_no_schema_or_leads_outside_is_refused(schema: Any) -> None:
    with pytest.raises(ValidationError):
        check_schema(schema)


@pytest.mark.parametrize("schema", [{}, SCHEMA, {"$schema": Draft7Validator.META_SCHEMA["$id"], "type": "object"}])
def test_a_schema_is_taken(schema: Any) -> None:
    check_schema(schema)
