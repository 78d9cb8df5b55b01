"""Currencies in forms: the admin refuses what no amount can be in."""

from django.core.exceptions import ValidationError

from ledger.errors import InvalidMoney
from ledger.money import exponent


def validate_currency(code: str) -> None:
    """Refuse what is no active ISO 4217 code that has a minor unit."""
    try:
        exponent(code)
    except InvalidMoney as error:
        raise ValidationError(error.detail, code=error.code) from error
