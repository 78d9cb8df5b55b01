"""How strict our fields are, said in JSON Schema where drf-spectacular does not see it by itself."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension, OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import build_array_type

from config.openapi import Schema
from exactly_once.api.serializers import BoundedListField, PatternField, StrictSerializer


class StrictBodies(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """A field that a strict serializer does not know is refused."""

    target_class = StrictSerializer
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Any) -> Schema:
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)  # type: ignore[no-untyped-call]  # noqa: SLF001 - the documented way
        return {**schema, "additionalProperties": False}


class Patterns(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """The form of a text."""

    target_class = PatternField

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Any) -> Schema:
        schema = _mapped(auto_schema, self.target, direction, bypass_extensions=True)
        return {**schema, "pattern": f"^({self.target.pattern})$"}


class BoundedLists(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """How many items a list has."""

    target_class = BoundedListField
    match_subclasses = True

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Any) -> Schema:
        items = _mapped(auto_schema, self.target.child, direction)
        auto_schema._insert_field_validators(self.target.child, items)  # type: ignore[no-untyped-call]  # noqa: SLF001 - as it maps other lists
        least = self.target.min_length or (None if self.target.allow_empty else 1)
        bounds = {"minItems": least, "maxItems": self.target.max_length}
        return {**build_array_type(items), **{name: bound for name, bound in bounds.items() if bound is not None}}


def _mapped(auto_schema: AutoSchema, field: Any, direction: Any, **options: bool) -> Schema:
    found: Schema = auto_schema._map_serializer_field(field, direction, **options)  # type: ignore[no-untyped-call]  # noqa: SLF001 - the documented way
    return found
