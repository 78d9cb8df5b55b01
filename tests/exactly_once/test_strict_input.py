"""Strict serializers, by themselves."""

from typing import Any

import pytest

from exactly_once.api.serializers import (
    BoundedListField,
    CurrencyField,
    PatternField,
    StrictBooleanField,
    StrictIntegerField,
    StrictSerializer,
)

type Broken = dict[str, Any]


class LegSerializer(StrictSerializer):
    amount_minor = StrictIntegerField(min_value=1, max_value=10**15)


class TransferSerializer(StrictSerializer):
    currency = CurrencyField()
    legs = BoundedListField(child=LegSerializer(), min_length=1, max_length=3)


class FlagSerializer(StrictSerializer):
    final = StrictBooleanField(required=False)
    country = PatternField("[A-Z]{2}", required=False)


def broken_rules(data: object) -> Any:
    serializer = TransferSerializer(data=data)
    serializer.is_valid()
    return serializer.errors


def codes(amount_minor: object) -> Any:
    errors = broken_rules({"currency": "EUR", "legs": [{"amount_minor": amount_minor}]})
    return [error.code for error in errors["legs"][0]["amount_minor"]] if errors else []


@pytest.mark.parametrize("amount_minor", [1, 1290, 10**15])
def test_an_amount_is_an_integer(amount_minor: int) -> None:
    assert codes(amount_minor) == []


@pytest.mark.parametrize("amount_minor", [12.90, 1290.0, 1e3, "1290", "", True, False, [1290], {"value": 1290}])
def test_an_amount_of_another_kind_is_refused(amount_minor: object) -> None:
    assert codes(amount_minor) == ["not_an_integer"]


@pytest.mark.parametrize(
    ("amount_minor", "code"), [(0, "min_value"), (-1290, "min_value"), (10**15 + 1, "max_value"), (None, "null")]
)
def test_an_amount_out_of_range_is_refused(amount_minor: object, code: str) -> None:
    assert codes(amount_minor) == [code]


@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD"])
def test_a_currency_with_a_minor_unit_is_taken(currency: str) -> None:
    assert broken_rules({"currency": currency, "legs": [{"amount_minor": 1}]}) == {}


# No minor unit (gold, test code), not ISO 4217, no longer, not in capitals, no text at all.
@pytest.mark.parametrize("currency", ["XAU", "XTS", "BTC", "DEM", "eur", " EUR", "EU", "\u0415UR", [], {}, ["EUR"]])
def test_any_other_currency_is_refused(currency: object) -> None:
    errors = broken_rules({"currency": currency, "legs": [{"amount_minor": 1}]})

    assert [error.code for error in errors["currency"]] == ["unknown_currency"]


@pytest.mark.parametrize(("legs", "code"), [([], "min_length"), ([{"amount_minor": 1}] * 4, "max_length")])
def test_a_list_is_measured_before_its_items(legs: list[object], code: str) -> None:
    errors = broken_rules({"currency": "EUR", "legs": legs})

    assert [error.code for error in errors["legs"]] == [code]


def test_the_first_hundred_strangers_are_named() -> None:
    errors = broken_rules({f"field_{number}": None for number in range(1_000)})

    assert list(errors) == [f"field_{number}" for number in range(100)]
    assert {error.code for error in errors.values()} == {"unknown_field"}


def test_a_name_is_quoted_in_part_when_it_is_long() -> None:
    errors = broken_rules({"x" * 1_000: 1})

    assert str(errors["x" * 1_000]) == f"There is no field '{'x' * 64}' here."


@pytest.mark.parametrize("flag", [True, False])
def test_true_and_false_are_booleans(flag: bool) -> None:
    assert FlagSerializer(data={"final": flag}).is_valid()


@pytest.mark.parametrize("flag", [0, 1, 1.0, "true", "False", "yes", "on", "", [], [True], {}])
def test_nothing_else_is_a_boolean(flag: object) -> None:
    serializer = FlagSerializer(data={"final": flag})

    assert not serializer.is_valid()
    assert [error.code for error in serializer.errors["final"]] == ["invalid"]


@pytest.mark.parametrize("country", ["de", "D", "DEU", " DE", "DE ", "DE\n", "\tDE"])
def test_a_form_is_kept_to_the_last_character(country: str) -> None:
    serializer = FlagSerializer(data={"country": country})

    assert not serializer.is_valid()
    assert [error.code for error in serializer.errors["country"]] == ["invalid"]


def test_what_has_the_form_is_taken() -> None:
    assert FlagSerializer(data={"country": "DE"}).is_valid()
