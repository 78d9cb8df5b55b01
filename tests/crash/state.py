"""All that the service knows, without what differs from run to run: ids, times, and how often something was tried."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from email import message_from_string
from email.policy import default
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models

from exactly_once.event_stream import BATCH, configured_stream
from ledger.models import Balance
from tests.api import PACKAGES

_NAMES_AND_TIMES = (
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "UUID"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ][0-9:.]+(Z|\+00(:00)?)"), "TIME"),
    (re.compile(r"\b[12]\d{9}\b"), "TIME"),
    (re.compile(r"(?=[a-zA-Z]*\d)[0-9a-zA-Z]{16,}"), "ID"),
)
_NAMELESS = (models.UUIDField, models.DateField, models.ForeignKey)
# What is kept as bytes is a hash over ids and times, but for these.
_TEXTS = {"body", "response_body"}
# How often something was tried says how it came about, not what came of it.
_HOW = {
    "attempts",
    "checks",
    "deliveries",
    "number",
    "resumptions",
    "last_error",
    "unknown_reason",
    "answered_in_ms",
    "xid",
    "seq",
    # In which row of a hot account something stands depends on which connection has posted it.
    "stripe",
    "account_version",
    "balance_after_minor",
    # A webhook of a payment intent does not tell of the card, an answer does.
    "card_brand",
    "card_last4",
}
# Where a block of the seal ends depends on when the sweeper came by; sums of a hot account are spread over its rows.
# That they fit what they are made of is one of the invariants.
_UNCOMPARED = {"ledger.SealBlock", "ledger.SealPosition", "ledger.Balance", "ledger.DailySum"}


def everything() -> dict[str, list[str]]:
    """Return every row of ours by table, the mails that went out, each once, and the event stream."""
    tables = {
        model._meta.label: sorted(_row(model, row) for row in model._default_manager.values())
        for model in apps.get_models()
        if model._meta.app_label in PACKAGES and model._meta.label not in _UNCOMPARED
    }
    found = {name: rows for name, rows in tables.items() if rows}
    return {**found, "balances": _balances(), "mails": sorted(set(_mails())), "stream": list(_stream())}


def _balances() -> list[str]:
    """Return the sums of each account over its rows."""
    minor = [field.name for field in Balance._meta.concrete_fields if field.name.endswith("_minor")]
    rows = Balance.objects.values("code", "currency").annotate(
        moves=models.Sum("version"), **{f"all_{name}": models.Sum(name) for name in minor}
    )
    return sorted(json.dumps(row, sort_keys=True, default=str) for row in rows)


def plain(text: str) -> str:
    """Return a text without the ids and times in it."""
    for pattern, word in _NAMES_AND_TIMES:
        text = pattern.sub(word, text)
    return text


def _mails() -> Iterator[str]:
    """Yield what each mail says: one may go out twice, which nobody promises otherwise."""
    for path in (settings.STATE_DIR / "mail").glob("*"):
        mail = message_from_string(path.read_text(), policy=default)
        text = mail.get_body(("plain",))
        assert text is not None
        yield plain(f"{mail['To']}: {mail['Subject']}: {text.get_content()}")


def _stream() -> Iterator[str]:
    """Yield the entries of the event stream, in their order."""
    with closing(configured_stream()) as stream:
        for entry in stream.entries(after=None, limit=BATCH):
            yield plain(json.dumps(entry.fields))


def _row(model: type[models.Model], row: dict[str, Any]) -> str:
    told = {field.name: _told(row[field.attname]) for field in model._meta.concrete_fields if _is_compared(field)}
    return plain(json.dumps(told, sort_keys=True, default=str))


def _is_compared(field: "models.Field[Any, Any]") -> bool:
    is_hash = isinstance(field, models.BinaryField) and field.name not in _TEXTS
    return not (field.primary_key or is_hash or field.name in _HOW or isinstance(field, _NAMELESS))


def _told(value: Any) -> Any:
    return bytes(value).decode() if isinstance(value, memoryview | bytes) else value
