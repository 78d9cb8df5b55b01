"""Whether an event fits its source's JSON Schema. Nothing is ever fetched: a reference leads into the schema itself."""

import json
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

from django.core.exceptions import ValidationError
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from jsonschema.exceptions import ValidationError as Broken
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from exactly_once.errors import FieldError

MAX_ERRORS = 10  # of one event: whoever breaks more rules mends these first
MAX_DETAIL_CHARACTERS = 200  # the sentence may quote what it is about


type Check = Callable[[Any], tuple[FieldError, ...]]


def check_of(schema: dict[str, Any] | None) -> Check:
    """Return what names the rules that an event breaks: ten at most, none where it fits.

    ``code`` is the keyword of the schema, ``pointer`` the field; one that is missing is named, too.
    """
    if schema is None:
        return _nothing
    validator = _compiled(json.dumps(schema, sort_keys=True))

    def check(event: Any) -> tuple[FieldError, ...]:
        try:
            return tuple(_field(broken) for broken in islice(validator.iter_errors(event), MAX_ERRORS))
        except RecursionError:
            return (FieldError("", "nesting", "The event is nested deeper than its schema can be followed."),)

    return check


def check_schema(value: Any) -> None:
    """Refuse what is no JSON Schema, or refers to what is not in it.

    :raises ValidationError: says why.
    """
    if not isinstance(value, dict):
        raise ValidationError("A JSON Schema is an object.")
    try:
        validator_for(value, default=Draft202012Validator).check_schema(value)
    except SchemaError as error:
        raise ValidationError(f"No JSON Schema: {error.message[:MAX_DETAIL_CHARACTERS]}") from error
    outside = [reference for reference in _references(value) if not reference.startswith("#")]
    if outside:
        raise ValidationError(f"References lead into the schema itself (#/$defs/...), not to {outside[0]!r}.")
    root = Resource.from_contents(value, default_specification=DRAFT202012)
    resolver = Registry().resolver_with_root(root)
    for reference in _references(value):
        try:
            resolver.lookup(reference)
        except Unresolvable as error:
            raise ValidationError(f"{reference!r} leads nowhere in the schema.") from error


@lru_cache(maxsize=256)
def _compiled(schema: str) -> Validator:
    parsed = json.loads(schema)
    return validator_for(parsed, default=Draft202012Validator)(parsed, registry=Registry())


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for inner in schema:
            yield from _references(inner)
    if isinstance(schema, dict):
        for name, inner in schema.items():
            if name in {"$ref", "$dynamicRef"} and isinstance(inner, str):
                yield inner
            yield from _references(inner)


def _nothing(_event: Any) -> tuple[FieldError, ...]:
    return ()


def _field(broken: Broken) -> FieldError:
    path = [str(step) for step in broken.absolute_path]
    # One error for each name that is missing; the library says which one in its sentence only.
    if broken.validator == "required" and isinstance(broken.validator_value, list):
        path += [name for name in broken.validator_value if broken.message == f"{name!r} is a required property"][:1]
    pointer = "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in path)
    return FieldError(pointer, str(broken.validator), broken.message[:MAX_DETAIL_CHARACTERS])
