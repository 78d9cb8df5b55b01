"""The bodies of the ledger's write API, as its description shows them. Reading them is drafts.py's business."""

from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from exactly_once.api.serializers import (
    BoundedListField,
    CurrencyField,
    PatternField,
    StrictBooleanField,
    StrictIntegerField,
    StrictSerializer,
)
from exactly_once.ijson import MAX_INTEGER
from ledger.accounts import MAX_STRIPES
from ledger.drafts import MAX_ENTRIES
from ledger.journal import MAX_BATCH

# White space, and what nobody sees, is no part of a name. Spelled out where regular expressions disagree on it.
_STEP = r"[^\s:\x00-\x1f\x7f-\x9f\ufeff]+"


# The first of docs/ledger.md.
DEPOSIT = {
    "reference": "deposit-7",
    "kind": "deposit",
    "effective_at": "2026-11-23T12:00:00Z",
    "entries": [
        {"account": "assets:bank", "direction": "debit", "amount_minor": 5000, "currency": "EUR"},
        {"account": "liabilities:wallet:42", "direction": "credit", "amount_minor": 5000, "currency": "EUR"},
    ],
}


class TimeField(serializers.DateTimeField):
    """A time with its zone, as entries and holds have it: without one nobody knows which day it is."""

    default_error_messages = {"effective_at_naive": "A time needs a time zone."}

    def to_internal_value(self, value: Any) -> datetime:
        if isinstance(value, str) and _is_naive(value):
            self.fail("effective_at_naive")
        return super().to_internal_value(value)


def _is_naive(text: str) -> bool:
    try:
        at = parse_datetime(text.strip())
    except ValueError:
        return False
    return at is not None and at.tzinfo is None


class TextField(serializers.CharField):
    """A text, kept as it was sent; a number is none."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_blank=True, trim_whitespace=False, **options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class MetadataField(serializers.DictField):
    """An object of texts."""

    child = TextField()

    def to_internal_value(self, data: Any) -> Any:
        texts = super().to_internal_value(data)
        if any("\0" in name for name in texts):
            raise serializers.ValidationError("Null characters are not allowed.", code="null_characters_not_allowed")
        return texts


class EntryBody(StrictSerializer):
    """One side: a positive amount on the debit or the credit side of an account."""

    account = serializers.CharField(max_length=200)
    direction = serializers.ChoiceField(choices=["debit", "credit"])
    amount_minor = StrictIntegerField(min_value=1, max_value=MAX_INTEGER)
    currency = CurrencyField()


class HoldBody(StrictSerializer):
    """The entries are pending until the hold is settled, voided or past its time."""

    expires_at = TimeField(required=False, allow_null=True)


@extend_schema_serializer(
    examples=[
        OpenApiExample("A deposit", DEPOSIT, request_only=True),
        OpenApiExample("A hold", {**DEPOSIT, "reference": "hold-7", "hold": {}}, request_only=True),
    ]
)
class TransactionBody(StrictSerializer):
    """A transaction to post under its reference, the permanent name of the business event."""

    reference = serializers.CharField(max_length=255)
    kind = serializers.CharField(max_length=64)
    effective_at = TimeField()
    description = serializers.CharField(max_length=255, required=False, allow_blank=True)
    metadata = MetadataField(required=False)
    entries = BoundedListField(child=EntryBody(), min_length=2, max_length=MAX_ENTRIES)
    hold = HoldBody(required=False, allow_null=True)
    move_late = StrictBooleanField(required=False, help_text="A date in a closed period moves to the open one.")


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "One",
            {"mode": "per_item", "transactions": [{**DEPOSIT, "reference": "deposit-8"}]},
            request_only=True,
        )
    ]
)
class BatchBody(StrictSerializer):
    """Up to 10,000 transactions, in a body of 8 MiB unless the operator says otherwise.

    All or none, or each with a result of its own.
    """

    mode = serializers.ChoiceField(choices=["all_or_nothing", "per_item"])
    dry_run = StrictBooleanField(required=False)
    transactions = BoundedListField(child=TransactionBody(), min_length=1, max_length=MAX_BATCH)


class ItemResult(serializers.Serializer[Any]):
    """What became of one transaction of a batch."""

    reference = serializers.CharField()
    outcome = serializers.ChoiceField(choices=["posted", "replayed", "refused"])
    id = serializers.CharField(allow_null=True)
    code = serializers.CharField(allow_null=True)
    detail = serializers.CharField(allow_null=True)


class BatchResult(serializers.Serializer[Any]):
    """The results in the order of the batch; for a dry run also every account as it would be."""

    dry_run = serializers.BooleanField()
    results = ItemResult(many=True)
    balances = serializers.ListField(child=serializers.DictField())


class SettleBody(StrictSerializer):
    """What is settled of a hold: all that is left where entries are left out. The rest is released, or kept."""

    reference = serializers.CharField(max_length=255)
    effective_at = TimeField()
    entries = BoundedListField(child=EntryBody(), required=False, allow_null=True, min_length=2, max_length=MAX_ENTRIES)
    keep_rest = StrictBooleanField(required=False)


class VoidBody(StrictSerializer):
    """The reference under which a hold is voided."""

    reference = serializers.CharField(max_length=255)
    effective_at = TimeField()


class ReverseBody(StrictSerializer):
    """What is reversed: the whole transaction where entries are left out."""

    reference = serializers.CharField(max_length=255)
    effective_at = TimeField()
    entries = BoundedListField(child=EntryBody(), required=False, allow_null=True, min_length=2, max_length=MAX_ENTRIES)


@extend_schema_serializer(examples=[OpenApiExample("A shop", {"code": "shop", "name": "Shop"}, request_only=True)])
class BookBody(StrictSerializer):
    """A set of books."""

    code = PatternField(r"[a-z0-9][a-z0-9_-]*", max_length=64)
    name = serializers.CharField(max_length=200)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A bank account",
            {"code": "assets:bank", "currency": "EUR", "type": "asset", "normal_side": "debit"},
            request_only=True,
        )
    ]
)
class AccountBody(StrictSerializer):
    """An account; limits are on its normal side, and exclude more than one stripe."""

    code = PatternField(f"{_STEP}(:{_STEP})*", max_length=200, help_text="A path: assets:psp:stripe")
    currency = CurrencyField()
    type = serializers.ChoiceField(choices=["asset", "liability", "equity", "revenue", "expense"])
    normal_side = serializers.ChoiceField(choices=["debit", "credit"])
    floor_minor = StrictIntegerField(required=False, allow_null=True, min_value=-MAX_INTEGER, max_value=MAX_INTEGER)
    ceiling_minor = StrictIntegerField(required=False, allow_null=True, min_value=-MAX_INTEGER, max_value=MAX_INTEGER)
    stripes = StrictIntegerField(required=False, min_value=1, max_value=MAX_STRIPES)
    metadata = MetadataField(required=False)


class LimitsBody(StrictSerializer):
    """The least and the most that an account may hold; null is no bound."""

    floor_minor = StrictIntegerField(allow_null=True, min_value=-MAX_INTEGER, max_value=MAX_INTEGER)
    ceiling_minor = StrictIntegerField(allow_null=True, min_value=-MAX_INTEGER, max_value=MAX_INTEGER)


class StripesBody(StrictSerializer):
    """Over how many balance rows an account is spread: never fewer than before."""

    stripes = StrictIntegerField(min_value=1, max_value=MAX_STRIPES)


class ClosePeriodBody(StrictSerializer):
    """The first moment that stays open."""

    open_from = TimeField()


class EmptyBody(StrictSerializer):
    """Nothing."""
