"""Columns for places, in the words of addresses."""

from typing import Any

from django.core.validators import RegexValidator
from django.db import models


def country_field(**options: Any) -> "models.CharField[str, str]":
    """Return a column for a country."""
    code = RegexValidator(r"^[A-Z]{2}$", "A country is two capital letters, such as DE.")
    return models.CharField(max_length=2, validators=[code], **{"help_text": "ISO 3166-1 alpha-2."} | options)


def region_field() -> "models.CharField[str, str]":
    """Return a column for a part of a country."""
    return models.CharField(
        max_length=100, blank=True, help_text="As addresses have it, such as CA; empty: all of the country."
    )
