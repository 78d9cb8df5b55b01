"""Stripe's form encoding, where ``metadata[order]=1`` is a mapping, and its rules for parameters."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from payments.simulator.stripe.errors import invalid

type Params = Mapping[str, Any]

MAX_FIELDS = 1000
MAX_TEXT = 5000
MAX_METADATA_KEYS, MAX_METADATA_KEY, MAX_METADATA_VALUE = 50, 40, 500  # Stripe's API reference, "Metadata"

_PART = re.compile(r"\[([^\[\]]*)\]")
_INTEGER = re.compile(r"-?[0-9]{1,12}")
_CURRENCY = re.compile(r"[a-z]{3}")


def parse_form(body: str) -> dict[str, Any]:
    """Return the nested parameters of a form body.

    :raises ApiError: a name is a value and a mapping at once, or there are far too many.
    """
    try:
        fields = parse_qsl(body, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise invalid("parameters_exclusive", "Too many parameters.", "") from error
    params: dict[str, Any] = {}
    for name, value in fields:
        path = [name.split("[", 1)[0], *_PART.findall(name)]
        node = params
        for part in path[:-1]:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                raise invalid("parameter_invalid", "Invalid object.", name)
        node[path[-1] or str(len(node))] = value
    return params


def only(params: Params, names: str) -> None:
    """Refuse parameters that are not among ``names``, as Stripe does."""
    for name in params:
        if name not in names.split():
            raise invalid("parameter_unknown", f"Received unknown parameter: {name}", name)


def optional_text(params: Params, name: str) -> str | None:
    """Return a text parameter; None where it is absent or empty."""
    value = params.get(name)
    if value is not None and (not isinstance(value, str) or len(value) > MAX_TEXT):
        raise invalid("parameter_invalid", f"Invalid string: {name}", name)
    return value or None


def text(params: Params, name: str) -> str:
    """Return a text parameter that must be there."""
    value = optional_text(params, name)
    if value is None:
        raise invalid("parameter_missing", f"Missing required param: {name}.", name)
    return value


def integer(params: Params, name: str) -> int:
    """Return an integer that must be there."""
    value = text(params, name)
    if _INTEGER.fullmatch(value) is None:
        raise invalid("parameter_invalid_integer", f"Invalid integer: {value}", name)
    return int(value)


def currency(params: Params) -> str:
    """Return a currency's code as Stripe writes it."""
    value = text(params, "currency").lower()
    if _CURRENCY.fullmatch(value) is None:
        raise invalid("currency_invalid", f"Invalid currency: {value}", "currency")
    return value


def choice(params: Params, name: str, choices: str) -> str:
    """Return one of ``choices``, the first where it is absent."""
    value = optional_text(params, name) or choices.split(maxsplit=1)[0]
    if value not in choices.split():
        raise invalid("parameter_invalid", f"Invalid {name}: must be one of {choices}", name)
    return value


def expanded(told: Any) -> list[str]:
    """Return the paths that an ``expand`` names."""
    if not isinstance(told, dict) or not all(isinstance(path, str) for path in told.values()):
        raise invalid("parameter_invalid", "Invalid array: expand", "expand")
    return list(told.values())


def metadata(params: Params) -> dict[str, str]:
    """Return the caller's own pairs."""
    pairs = params.get("metadata") or {}
    if not isinstance(pairs, dict) or len(pairs) > MAX_METADATA_KEYS:
        raise invalid("parameter_invalid", "Invalid metadata.", "metadata")
    for name, value in pairs.items():
        if not isinstance(value, str) or len(name) > MAX_METADATA_KEY or len(value) > MAX_METADATA_VALUE:
            raise invalid("parameter_invalid", f"Invalid metadata: {name}", f"metadata[{name}]")
    return pairs
