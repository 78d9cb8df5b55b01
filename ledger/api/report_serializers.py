"""The shapes of reports and proofs, as their description shows them."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

_SUM = {
    "type": "object",
    "description": "Money; `text` is how people read it.",
    "required": ["amount_minor", "currency", "text"],
    "properties": {
        "amount_minor": {"type": "integer"},
        "currency": {"type": "string"},
        "text": {"type": "string"},
    },
}


@extend_schema_field({"oneOf": [{"type": ["string", "null"]}, _SUM]}, component_name="ReportCell")
class CellField(serializers.Field[Any, Any, Any, Any]):
    """A text, a sum, or nothing."""


class RowSchema(serializers.Serializer[Any]):
    """A line of a report."""

    cells = serializers.ListField(child=CellField())
    total = serializers.BooleanField(help_text="Whether it sums up what is above it.")


class TableSchema(serializers.Serializer[Any]):
    """A report, or its part in one currency."""

    title = serializers.CharField()
    columns = serializers.ListField(child=serializers.CharField())
    rows = RowSchema(many=True)


class ReportSchema(serializers.Serializer[Any]):
    """A report."""

    tables = TableSchema(many=True)


REPORT = {(200, "application/json"): ReportSchema, (200, "text/csv"): OpenApiTypes.STR}


class SiblingSchema(serializers.Serializer[Any]):
    """A step from a leaf to its block's root."""

    side = serializers.ChoiceField(choices=["left", "right"])
    hash = serializers.CharField()


class BlockSchema(serializers.Serializer[Any]):
    """The header of a block of sealed transactions."""

    book = serializers.CharField()
    number = serializers.IntegerField()
    through_id = serializers.IntegerField()
    count = serializers.IntegerField()
    root = serializers.CharField()  # type: ignore[assignment]  # a field of the answer, not of DRF's own
    previous_hash = serializers.CharField()
    hash = serializers.CharField()


class ProofSchema(serializers.Serializer[Any]):
    """That a transaction is sealed. Hashes are hexadecimal SHA-256."""

    format = serializers.ChoiceField(choices=["tally-proof-1"])
    transaction = serializers.CharField()
    leaf = serializers.CharField()
    path = SiblingSchema(many=True)
    blocks = BlockSchema(many=True)
