"""What an import reads: accounts and drafts with the lines that they stand on, and lines that are refused.

One set of rules for every format: a reader brings a record into the shape of JSON Lines and asks here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast, get_args

from exactly_once.errors import FieldError, InvalidInput
from ledger.accounts import MAX_STRIPES, AccountSpec, AccountType
from ledger.drafts import Action, Direction, EntryDraft, Resolves, TransactionDraft
from ledger.errors import InvalidDraft
from ledger.money import MAX_MINOR, Money

MAX_CHARACTERS = {"reference": 255, "target": 255, "kind": 64, "description": 255, "account": 200, "code": 200}
_TRANSACTION = {
    *("type", "id", "reference", "kind", "effective_at", "recorded_at", "description", "metadata", "entries"),
    *("resolves", "dated_at", "expires_at"),
}
_RESOLVES = {"target", "action", "final"}
_ENTRY = {"account", "currency", "direction", "amount_minor", "status"}
_ACCOUNT = {
    *("type", "code", "currency", "account_type", "normal_side", "floor_minor", "ceiling_minor", "stripes"),
    *("metadata", "opened_at", "closed_at"),
}
_FIELD_OF = {
    "reference_invalid": "/reference",
    "kind_invalid": "/kind",
    "effective_at_naive": "/effective_at",
}


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """An account that the file wants open."""

    last_line: int
    line: int
    spec: AccountSpec


@dataclass(frozen=True, slots=True)
class TransactionRecord:
    """A transaction to post; ``entry_lines`` are the lines of its entries."""

    last_line: int
    line: int
    draft: TransactionDraft
    entry_lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that cannot be posted: the field (a JSON pointer or a column) and the rule that it breaks."""

    last_line: int
    line: int
    field: str
    code: str
    detail: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.field or '-'}: {self.code}: {self.detail}"


type Record = AccountRecord | TransactionRecord | RefusedLine


class FieldRefused(Exception):
    """One field breaks a rule."""

    def __init__(self, pointer: str, code: str, detail: str) -> None:
        super().__init__(detail)
        self.error = FieldError(pointer, code, detail)


def account_spec(raw: Mapping[str, Any]) -> AccountSpec:
    """Return the account that a line describes.

    :raises FieldRefused:
    """
    known_fields(raw, _ACCOUNT, "")
    return AccountSpec(
        code=_text(raw, "code", ""),
        currency=_money(1, _text(raw, "currency", ""), "/currency").currency,
        type=cast(AccountType, _choice(raw, "account_type", get_args(AccountType.__value__), "")),
        normal_side=cast(Direction, _choice(raw, "normal_side", get_args(Direction.__value__), "")),
        floor_minor=_integer(raw, "floor_minor", -MAX_MINOR, MAX_MINOR),
        ceiling_minor=_integer(raw, "ceiling_minor", -MAX_MINOR, MAX_MINOR),
        stripes=_integer(raw, "stripes", 1, MAX_STRIPES) or 1,
        metadata=_metadata(raw.get("metadata", {})),
    )


def transaction_draft(raw: Mapping[str, Any]) -> TransactionDraft:
    """Return the draft that a transaction describes; ids and recorded times are the old book's, and are left out.

    So is the date that a late transaction cites: it takes effect when the old book had it take effect.

    :raises FieldRefused:
    """
    known_fields(raw, _TRANSACTION, "")
    entries = raw.get("entries")
    if not isinstance(entries, list):
        raise FieldRefused("/entries", "not_a_list", "A transaction has a list of entries.")
    try:
        return TransactionDraft(
            reference=_text(raw, "reference", ""),
            kind=_text(raw, "kind", ""),
            effective_at=moment(raw, "effective_at"),
            description=_text(raw, "description", "") if "description" in raw else "",
            metadata=_metadata(raw.get("metadata", {})),
            entries=tuple(entry_draft(entry, f"/entries/{position}") for position, entry in enumerate(entries)),
            link=_link(raw.get("resolves")),
            move_late=False,
        )
    except InvalidDraft as error:
        raise FieldRefused(field_of(error), error.code, error.detail) from error


def field_of(error: InvalidDraft) -> str:
    """Return the pointer of the field that keeps a draft from being posted."""
    return _FIELD_OF.get(error.code, "/entries")


def entry_draft(raw: object, pointer: str) -> EntryDraft:
    """Return the entry that an object describes.

    :raises FieldRefused:
    """
    if not isinstance(raw, dict):
        raise FieldRefused(pointer, "not_a_dict", "An entry is an object.")
    known_fields(raw, _ENTRY, pointer)
    if raw.get("status", "posted") != "posted":
        raise FieldRefused(f"{pointer}/status", "status_not_posted", "Only posted entries can be imported.")
    if "amount_minor" not in raw:
        raise FieldRefused(f"{pointer}/amount_minor", "required", "An entry has an amount.")
    money = _money(raw["amount_minor"], _text(raw, "currency", pointer), pointer + "/amount_minor")
    if money.amount_minor <= 0:
        raise FieldRefused(f"{pointer}/amount_minor", "amount_not_positive", "An amount is positive.")
    return EntryDraft(
        account=_text(raw, "account", pointer),
        direction=cast(Direction, _choice(raw, "direction", get_args(Direction.__value__), pointer)),
        money=money,
    )


def _link(raw: object) -> Resolves | None:
    """Return what a reversal reverses; what ends a hold is no less refused than the hold."""
    if raw is None:
        return None
    if not isinstance(raw, dict):
        raise FieldRefused("/resolves", "not_a_dict", "What is resolved is an object.")
    known_fields(raw, _RESOLVES, "/resolves")
    action = _choice(raw, "action", get_args(Action.__value__), "/resolves")
    if action != "reverse":
        raise FieldRefused("/resolves/action", "status_not_posted", "Holds and their ends cannot be imported.")
    if type(raw.get("final")) is not bool:
        raise FieldRefused("/resolves/final", "invalid", "True or false is expected.")
    return Resolves(target=_text(raw, "target", "/resolves"), action="reverse", final=raw["final"])


def _integer(raw: Mapping[str, Any], name: str, least: int, most: int) -> int | None:
    value = raw.get(name)
    if value is None:
        return None
    if type(value) is not int:
        raise FieldRefused(f"/{name}", "not_an_integer", "An integer is expected.")
    if not least <= value <= most:
        raise FieldRefused(f"/{name}", "amount_out_of_range", f"From {least} to {most} is possible.")
    return value


def _money(amount_minor: int, currency: str, pointer: str) -> Money:
    try:
        return Money(amount_minor, currency)
    except InvalidInput as error:
        field = pointer.rpartition("/")[0] + "/currency" if error.code == "unknown_currency" else pointer
        raise FieldRefused(field, error.code, error.detail) from error


def known_fields(raw: Mapping[str, Any], known: set[str], pointer: str) -> None:
    """Refuse a field that is not known.

    :raises FieldRefused: ``unknown_field``.
    """
    for name in sorted(raw.keys() - known):
        raise FieldRefused(f"{pointer}/{_step(name)}", "unknown_field", "No such field is known here.")


def _text(raw: Mapping[str, Any], name: str, pointer: str) -> str:
    field = f"{pointer}/{name}"
    if name not in raw:
        raise FieldRefused(field, "required", "The field is missing.")
    value = _storable(raw[name], field)
    limit = MAX_CHARACTERS.get(name)
    if limit and len(value) > limit:
        raise FieldRefused(field, "max_length", f"At most {limit} characters fit.")
    return value


def _storable(value: object, pointer: str) -> str:
    """Return the text, if PostgreSQL can hold it."""
    if not isinstance(value, str):
        raise FieldRefused(pointer, "invalid", "A text is expected.")
    if "\0" in value:
        raise FieldRefused(pointer, "null_characters_not_allowed", "A text has no NUL in it.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise FieldRefused(pointer, "invalid", "The text holds half a character.") from None
    return value


def _choice(raw: Mapping[str, Any], name: str, choices: tuple[str, ...], pointer: str) -> str:
    value = _text(raw, name, pointer)
    if value not in choices:
        raise FieldRefused(f"{pointer}/{name}", "invalid_choice", f"One of {', '.join(choices)} is expected.")
    return value


def moment(raw: Mapping[str, Any], name: str, pointer: str = "") -> datetime:
    """Return the time that a field names, in UTC where it has a time zone.

    :raises FieldRefused:
    """
    try:
        at = datetime.fromisoformat(_text(raw, name, pointer))
        return at.astimezone(UTC) if at.tzinfo else at
    except (ValueError, OverflowError):
        raise FieldRefused(f"{pointer}/{name}", "invalid", "A time is written as 2026-11-23T12:00:00Z.") from None


def _metadata(raw: object) -> dict[str, str]:
    if not isinstance(raw, dict):
        raise FieldRefused("/metadata", "not_a_dict", "Metadata is an object of texts.")
    return {_storable(key, "/metadata"): _storable(value, f"/metadata/{_step(key)}") for key, value in raw.items()}


def _step(name: str) -> str:
    """Return a field's name as it stands in a JSON Pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")
