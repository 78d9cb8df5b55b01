"""Links (OpenAPI 3.1): what can be done next with the thing that an answer shows. No view names any; rules find them.

An address that ends with an id, and is read with GET, tells what that id is the id of. Whatever answers with the same
``object``, or where there is none with all that such a thing has, shows such a thing, and its id leads from there to
every operation with that id in its address or its body. From a page, and to another thing that is merely named, the way
leads to where that thing can be read.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from drf_spectacular.generators import SchemaGenerator

from config.openapi import Schema, operations, resolved

# Where a thing, or a body, names another one, and what the other one's id is called in addresses.
REFERENCES = {
    "/payment_intent": "intent_id",
    "/checkout_session": "session_id",
    "/order/id": "order_id",
    "/cart_id": "cart_id",
    "/merged_into": "cart_id",
    "/transaction": "transaction_id",
    "/event_id": "event_id",
}
# What a thing calls the id that it is addressed by.
IDS = ("id", "code", "name")
_IN_PATH = re.compile(r"{(\w+)}")


@dataclass(frozen=True, slots=True)
class Thing:
    """What an id is the id of: the properties that it shows, which of them is the id, and what reads it."""

    properties: Schema
    id: str
    reader: str

    def is_in(self, properties: Schema) -> bool:
        """Return whether an answer with these properties shows such a thing."""
        if "object" in self.properties:
            return bool(self.properties["object"] == properties.get("object"))
        return self.properties.items() <= properties.items()


@dataclass(frozen=True, slots=True)
class Answer:
    """What an answer shows: the properties of a thing, or of the first one on a page, and where they stand."""

    properties: Schema
    at: str
    is_page: bool


@dataclass(frozen=True, slots=True)
class Target:
    """An operation that can be linked to: the ids in its address, and the ids that its body names, by pointer."""

    operation_id: str
    in_path: frozenset[str]
    in_body: Mapping[str, str]

    @property
    def needed(self) -> set[str]:
        """Return every id that it takes."""
        return {*self.in_path, *self.in_body.values()}


def add_links(result: Schema, generator: SchemaGenerator, **_more: object) -> Schema:  # noqa: ARG001 - a hook
    """Say behind each answer which operations its ids lead to."""
    things, targets = dict(_things(result)), list(_targets(result))
    for path, _method, operation in operations(result):
        for status, response in operation["responses"].items():
            answer = _answer(result, response) if status.startswith("2") else None
            if answer is not None:
                links = dict(_links(path, answer, things=things, targets=targets))
                links.pop(operation["operationId"], None)
                response.update({"links": links} if links else {})
    return result


def _things(result: Schema) -> Iterator[tuple[str, Thing]]:
    for path, method, operation in operations(result):
        last = _IN_PATH.fullmatch(path.rpartition("/")[2])
        answer = _answer(result, operation["responses"].get("200", {})) if last and method == "get" else None
        if last and answer:
            own = next(name for name in IDS if name in answer.properties)
            yield last[1], Thing(answer.properties, own, operation["operationId"])


def _targets(result: Schema) -> Iterator[Target]:
    for path, _method, operation in operations(result):
        body = resolved(result, _json(operation.get("requestBody", {}))).get("properties", {})
        in_body = {pointer: parameter for pointer, parameter in REFERENCES.items() if pointer[1:] in body}
        in_path = frozenset(_IN_PATH.findall(path))
        if in_path or in_body:
            yield Target(operation["operationId"], in_path, in_body)


def _answer(result: Schema, response: Schema) -> Answer | None:
    properties = resolved(result, _json(response)).get("properties", {})
    if properties.keys() == {"data", "next"}:
        row = resolved(result, properties["data"]["items"])["properties"]
        return Answer(row, "$response.body#/data/0", is_page=True)
    return Answer(properties, "$response.body#", is_page=False) if properties else None


def _links(
    path: str, answer: Answer, *, things: Mapping[str, Thing], targets: list[Target]
) -> Iterator[tuple[str, Schema]]:
    own = {name: f"{answer.at}/{thing.id}" for name, thing in things.items() if thing.is_in(answer.properties)}
    others = {
        name: answer.at + pointer for pointer, name in REFERENCES.items() if pointer.split("/")[1] in answer.properties
    }
    known = {name: f"$request.path.{name}" for name in _IN_PATH.findall(path)} | others | own
    for target in targets:
        told = target.needed & (own.keys() | others.keys())
        # From a page, and where a thing is merely named, the way leads to where it is read, and no further.
        only_read = {things[name].reader for name in told & things.keys() if answer.is_page or name not in own}
        if told and target.needed <= known.keys() and only_read <= {target.operation_id}:
            yield target.operation_id, _link(target, known)


def _link(target: Target, known: Mapping[str, str]) -> Schema:
    link: Schema = {"operationId": target.operation_id}
    if target.in_path:
        link["parameters"] = {name: known[name] for name in sorted(target.in_path)}
    if target.in_body:
        link["requestBody"] = {pointer[1:]: f"{{{known[name]}}}" for pointer, name in target.in_body.items()}
    return link


def _json(content_of: Schema) -> Any:
    return content_of.get("content", {}).get("application/json", {}).get("schema", {})
