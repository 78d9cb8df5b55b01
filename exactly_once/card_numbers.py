"""What looks like a card number. It is refused before it is logged or stored: only tokens of a PSP come in here."""

import re
from collections.abc import Iterator
from typing import Any

# Digits in one piece or in groups, not within a longer word or number.
_DIGITS = re.compile(r"(?<![\w.])(?<!\d[ -])\d(?:[ -]?\d){12,18}(?![ -]?\d)(?!\w)(?!\.\d)", re.ASCII)
# ISO/IEC 7812-1: 3 to 6 are travel, banking and merchandising; Mastercard's second range is 2221 to 2720.
_ISSUERS = re.compile(r"[3-6]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720")
_NINE = 9


def has_card_number(text: str) -> bool:
    """Whether 13 to 19 digits in a text begin as an issuer's do, and end with the check digit of ISO/IEC 7812-1."""
    return any(_is_card_number(found[0]) for found in _DIGITS.finditer(text))


def without_card_numbers(text: str, instead: str) -> str:
    """Return the text with each card number replaced."""
    return _DIGITS.sub(lambda found: instead if _is_card_number(found[0]) else found[0], text)


def fields_with_card_numbers(data: Any, pointer: str = "") -> Iterator[str]:
    """Yield a JSON Pointer (RFC 6901) for each text that has one; for a name of a field that has one, its object's."""
    match data:
        case str():
            if has_card_number(data):
                yield pointer
        case dict():
            for name, value in data.items():
                if has_card_number(name):
                    yield pointer
                else:
                    yield from fields_with_card_numbers(
                        value, f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
                    )
        case list():
            for position, value in enumerate(data):
                yield from fields_with_card_numbers(value, f"{pointer}/{position}")


def _is_card_number(found: str) -> bool:
    digits = [int(digit) for digit in found if digit.isdigit()]
    if not _ISSUERS.match("".join(map(str, digits))):
        return False
    doubled = [2 * digit for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(twice - _NINE if twice > _NINE else twice for twice in doubled)) % 10 == 0
