"""Reads JSON Lines into records. What may stand in a record is records.py's business."""

import json
from collections.abc import Iterator
from typing import Any, Never

from ledger.interchange.jsonl_format import VERSION
from ledger.interchange.records import (
    AccountRecord,
    FieldRefused,
    Record,
    RefusedLine,
    TransactionRecord,
    account_spec,
    transaction_draft,
)


def read_jsonl(lines: Iterator[tuple[int, bytes]], *, after_line: int) -> Iterator[Record]:
    """Yield what stands on each line after ``after_line``; empty lines and the export's own say nothing."""
    for number, line in lines:
        if number > after_line and line.strip():
            try:
                record = _record(number, _parsed(line))
            except FieldRefused as refused:
                yield RefusedLine(number, number, refused.error.pointer, refused.error.code, refused.error.detail)
            else:
                if record:
                    yield record


def _record(number: int, raw: dict[str, Any]) -> Record | None:
    match raw.get("type"):
        case "transaction":
            draft = transaction_draft(raw)
            return TransactionRecord(number, number, draft, (number,) * len(draft.entries))
        case "account":
            return AccountRecord(number, number, account_spec(raw))
        case "export" if raw.get("version") == VERSION:
            return None
        case "export":
            raise FieldRefused("/version", "invalid_choice", f"Only version {VERSION} can be read.")
        case _:
            raise FieldRefused("/type", "invalid_choice", "A line is an export, an account or a transaction.")


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise FieldRefused("", "malformed_line", f"The line is no JSON: {error}.") from error
    if not isinstance(value, dict):
        raise FieldRefused("", "malformed_line", "The line is no JSON object.")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name comes twice in one object")
    return value


def _refuse_constant(word: str) -> Never:
    raise ValueError(f"{word} is no number")
