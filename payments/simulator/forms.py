"""Stripe's form encoding: ``metadata[order]=1`` is a mapping, ``items[]=a`` a list."""

import re
from typing import Any
from urllib.parse import parse_qsl

_PART = re.compile(r"\[([^\]]*)\]")


def parse_form(body: str) -> dict[str, Any]:
    """Return the nested parameters of a form body."""
    params: dict[str, Any] = {}
    for name, value in parse_qsl(body, keep_blank_values=True):
        root, parts = name.split("[", 1)[0], _PART.findall(name)
        if not parts:
            params[root] = value
        elif parts[0] == "" or parts[0].isdigit():
            params.setdefault(root, []).append(value)
        else:
            params.setdefault(root, {})[parts[0]] = value
    return params
