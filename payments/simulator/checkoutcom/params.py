"""What a request says, checked: each refusal names what is wrong, as Checkout.com's do."""

import json
from typing import Any

from payments.simulator.checkoutcom import errors

MAX_AMOUNT = 999_999_999
MAX_TEXT = {"reference": 80, "description": 100, "success_url": 2048, "failure_url": 2048, "processing_channel_id": 31}
MAX_METADATA = 500
CURRENCY_LETTERS = 3


def read(body: bytes) -> dict[str, Any]:
    """Read what is asked; an action may be asked for without a word.

    :raises ApiError: it is no JSON object.
    """
    try:
        told = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise errors.invalid("request_json_invalid") from error
    if not isinstance(told, dict):
        raise errors.invalid("request_invalid")
    return told


def check(told: dict[str, Any], known: str) -> None:
    """Refuse what is not known, and texts and metadata that are none.

    :raises ApiError: there is such.
    """
    if unknown := told.keys() - set(known.split()):
        raise errors.invalid(f"{min(unknown)}_unknown")
    for name, longest in MAX_TEXT.items():
        found = told.get(name)
        if found is not None and not _is_text(found, longest):
            raise errors.invalid(f"{name}_invalid")
    metadata = told.get("metadata") or {}
    if not isinstance(metadata, dict) or not all(_is_text(each, MAX_METADATA) for each in _flat(metadata)):
        raise errors.invalid("metadata_invalid")


def amount(told: dict[str, Any], *, most: int = MAX_AMOUNT, otherwise: int | None = None, too_much: str = "") -> int:
    """Return the amount that is asked for.

    :raises ApiError: it is none, or too much.
    """
    found = told.get("amount", otherwise)
    if type(found) is not int or not 1 <= found <= MAX_AMOUNT:
        raise errors.invalid("amount_invalid")
    if found > most:
        raise errors.invalid(too_much, "processing_error")
    return found


def currency(told: dict[str, Any]) -> str:
    """Return the currency that is asked for.

    :raises ApiError: it is none.
    """
    found = told.get("currency")
    fits = isinstance(found, str) and len(found) == CURRENCY_LETTERS and found.isascii() and found.isupper()
    if not fits:
        raise errors.invalid("currency_invalid")
    return str(found)


def token(told: dict[str, Any]) -> str:
    """Return what is to pay.

    :raises ApiError: nothing is, or nothing that fits its kind.
    """
    source = told.get("source")
    if not isinstance(source, dict) or source.get("type") not in {"id", "token"}:
        raise errors.invalid("payment_source_required")
    found = source.get("id" if source["type"] == "id" else "token")
    prefix = {"id": "src_", "token": "tok_"}[source["type"]]
    if not isinstance(found, str) or not found.startswith(prefix):
        raise errors.invalid("source_id_invalid" if source["type"] == "id" else "token_invalid")
    return found


def asks_the_bank(told: dict[str, Any]) -> bool:
    """Return whether 3-D Secure is wanted.

    :raises ApiError: what is said of it is none of its form.
    """
    found = told.get("3ds") or {}
    if not isinstance(found, dict) or type(found.get("enabled", False)) is not bool:
        raise errors.invalid("3ds_invalid")
    return bool(found.get("enabled"))


def captures_at_once(told: dict[str, Any]) -> bool:
    """Return whether the money is to be taken without being asked for once more.

    :raises ApiError: what is said of it is neither yes nor no.
    """
    found = told.get("capture", True)
    if type(found) is not bool:
        raise errors.invalid("capture_invalid")
    return found


def _is_text(found: object, longest: int) -> bool:
    """Whether it is text that can be kept."""
    return isinstance(found, str) and len(found) <= longest and not any(map(_is_half, found))


def _is_half(character: str) -> bool:
    """Whether it is half of a pair of UTF-16, which JSON can write and nothing can store."""
    return "\ud800" <= character <= "\udfff"


def _flat(metadata: dict[str, Any]) -> list[Any]:
    return [each for pair in metadata.items() for each in pair]
