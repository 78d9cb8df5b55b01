"""Strict input: every field is known by name, integers are integers, currencies exist."""

import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

from drf_spectacular.utils import extend_schema_field
from iso4217 import Currency
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.fields import empty
from rest_framework.request import Request

_CODES = frozenset(currency.value for currency in Currency if currency.exponent is not None)

# A body of 1 MB has room for 100,000 names: nobody reads an answer that lists them all.
MAX_UNKNOWN_FIELDS = 100
MAX_QUOTED_CHARACTERS = 64


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields that it does not know, each by name, and numbers where a text belongs."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = (name for name in data if name not in self.fields)
            refused = {name: _unknown_field(name) for name in islice(unknown, MAX_UNKNOWN_FIELDS)}
            refused |= {name: _not_a_text() for name in data if self._is_number_for_text(name, data[name])}
            if refused:
                raise serializers.ValidationError(refused)
        return super().to_internal_value(data)

    def _is_number_for_text(self, name: str, value: object) -> bool:
        return isinstance(value, int | float) and isinstance(self.fields.get(name), serializers.CharField)


class EmptySerializer(StrictSerializer):
    """A request without a body."""


def validated[S: serializers.BaseSerializer[Any]](serializer: type[S], request: Request) -> S:
    """Return the serializer with the request's body in it, validated.

    :raises ValidationError: naming every field that breaks a rule.
    """
    body = serializer(data=request.data)
    body.is_valid(raise_exception=True)
    return body


class StrictIntegerField(serializers.IntegerField):
    """A JSON integer: no float, not even 1.0, no boolean, no text."""

    default_error_messages = {"not_an_integer": "This is to be an integer."}

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("not_an_integer")
        return super().to_internal_value(data)


class StrictBooleanField(serializers.BooleanField):
    """JSON's true or false: no 1, no "yes"."""

    def to_internal_value(self, data: Any) -> bool:
        if type(data) is not bool:
            self.fail("invalid", input=data)
        return data


class WholeMatch:
    """Takes a text that a regular expression describes from its first character to its last, a line's end included."""

    def __init__(self, pattern: str, message: str) -> None:
        self.pattern = pattern
        self._message = message

    def __call__(self, text: str) -> None:
        if re.fullmatch(self.pattern, text) is None:
            raise serializers.ValidationError(self._message, code="invalid")


class PatternField(serializers.CharField):
    """A text of a form. White space around it is not taken off: it is none of that form."""

    default_error_messages = {"invalid": "This value does not match the required pattern."}

    def __init__(self, pattern: str, **options: Any) -> None:
        super().__init__(trim_whitespace=False, **options)
        self.pattern = pattern
        self.validators.append(WholeMatch(pattern, str(self.error_messages["invalid"])))


class BoundedListField(serializers.ListField):
    """A list whose length is checked before its items: 300,000 empty ones would cost a minute."""

    def run_validation(self, data: Any = empty) -> Any:
        if isinstance(data, list):
            self.run_validators(data)
        return super().run_validation(data)


@extend_schema_field(
    {"type": "string", "pattern": f"^({'|'.join(sorted(_CODES))})$", "examples": ["EUR"]}, component_name="CurrencyCode"
)
class CurrencyField(serializers.CharField):
    """An active ISO 4217 code that has a minor unit, in capitals."""

    default_error_messages = {"unknown_currency": "This is to be an ISO 4217 currency code, such as EUR."}

    def __init__(self, **options: Any) -> None:
        super().__init__(min_length=3, max_length=3, **options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or data not in _CODES:
            self.fail("unknown_currency")
        return data


def _unknown_field(name: object) -> ErrorDetail:
    return ErrorDetail(f"There is no field {str(name)[:MAX_QUOTED_CHARACTERS]!r} here.", code="unknown_field")


def _not_a_text() -> ErrorDetail:
    return ErrorDetail("This is to be a text.", code="invalid")
