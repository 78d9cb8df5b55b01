"""Beancount's names for our accounts and metadata: legal, reversible, and never the same for two of ours.

An account's path keeps its parts: ``liabilities:order_items`` becomes ``Liabilities:OrderItems``. Within a part, a-z
and 0-9 stand for themselves, a capital for ``_`` and its small letter (but the first, which Beancount wants), ``--``
for a hyphen, and ``-{hex}-`` for any other character. No other file of ours writes these names.
"""

import re

ROOTS = {
    "asset": ("assets", "Assets"),
    "liability": ("liabilities", "Liabilities"),
    "equity": ("equity", "Equity"),
    "revenue": ("revenue", "Income"),
    "expense": ("expenses", "Expenses"),
}
# No encoding holds "-Z-": hex digits are small letters.
_ELSEWHERE = "Other-Z-"  # the code does not start with its type's own word, and follows in full
_UNFIT_START = "0-Z-"  # the part starts with neither a-z nor 0-9, or is empty
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")
_TOKEN = re.compile(r"--|-(?P<hex>[0-9a-f]+)-|(?P<capital>[A-Z])|(?P<plain>[a-z0-9])")


def account_name(*, type: str, code: str) -> str:
    """Return the path of the account with this type and code."""
    word, root = ROOTS[type]
    parts = code.split(":")
    if parts[0] == word and len(parts) > 1:
        return ":".join([root, *map(_part, parts[1:])])
    return ":".join([root, _ELSEWHERE, *map(_part, parts)])


def account_of(*, name: str) -> tuple[str, str]:
    """Return the type and the code that `account_name` gave this name to."""
    root, *parts = name.split(":")
    type_, word = next((type_, word) for type_, (word, known) in ROOTS.items() if known == root)
    if parts[0] == _ELSEWHERE:
        return type_, ":".join(map(_code_part, parts[1:]))
    return type_, ":".join([word, *map(_code_part, parts)])


def metadata_key(*, key: str) -> str:
    """Return the metadata key for one of ours; none of Beancount's own, nor of the exporter's, starts so."""
    return "meta-" + "".join(
        character if character in _PLAIN or character == "_" else "--" if character == "-" else _escape(character)
        for character in key
    )


def _part(part: str) -> str:
    if not part or part[0] not in _PLAIN:
        return _UNFIT_START + _encode(part)
    return part[0].upper() + _encode(part[1:])


def _encode(text: str) -> str:
    encoded = []
    position = 0
    while position < len(text):
        character = text[position]
        position += 1
        if character in _PLAIN:
            encoded.append(character)
        elif character == "-":
            encoded.append("--")
        elif character == "_" and text[position : position + 1] in _LETTERS:
            encoded.append(text[position].upper())
            position += 1
        else:
            encoded.append(_escape(character))
    return "".join(encoded)


def _escape(character: str) -> str:
    return f"-{ord(character):x}-"


def _code_part(part: str) -> str:
    if part.startswith(_UNFIT_START):
        return _decode(part.removeprefix(_UNFIT_START))
    return part[0].lower() + _decode(part[1:])


def _decode(text: str) -> str:
    def decoded(match: re.Match[str]) -> str:
        if match["hex"]:
            return chr(int(match["hex"], 16))
        if match["capital"]:
            return "_" + match["capital"].lower()
        return match["plain"] or "-"

    return _TOKEN.sub(decoded, text)
