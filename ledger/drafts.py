"""What is to be posted: pure values, complete and balanced before the database sees them."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from ledger.errors import InvalidDraft
from ledger.money import Money

type Direction = Literal["debit", "credit"]
type Status = Literal["posted", "pending", "released"]
type Action = Literal["settle", "void", "expire", "reverse"]

MAX_REFERENCE_CHARACTERS = 255
MAX_KIND_CHARACTERS = 64
MAX_DESCRIPTION_CHARACTERS = 255
FINGERPRINT_BYTES = 16  # tells a retry from a mistake, among the contents that one client sends under one reference
MAX_ENTRIES = 1_000  # of one transaction: bounds the locks that one posting holds, and fits the bits of an entry's id
_AS_JSON = json.JSONEncoder(sort_keys=True).encode


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """One side of a transaction: ``money`` (> 0) on the debit or the credit side of the account with this code.

    ``posted`` counts at once. ``pending`` is what a hold promises; ``released`` takes such a promise back.
    """

    account: str
    direction: Direction
    money: Money
    status: Status = "posted"


def debit(account: str, money: Money, status: Status = "posted") -> EntryDraft:
    """Return an entry on the debit side."""
    return EntryDraft(account, "debit", money, status)


def credit(account: str, money: Money, status: Status = "posted") -> EntryDraft:
    """Return an entry on the credit side."""
    return EntryDraft(account, "credit", money, status)


@dataclass(frozen=True, slots=True)
class HoldTerms:
    """The transaction is a hold: its entries are pending until it is settled, voided, or past ``expires_at``."""

    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Resolves:
    """The transaction acts on the one with the reference ``target``; ``final`` where nothing of it is to be left."""

    target: str
    action: Action
    final: bool


@dataclass(frozen=True, slots=True)
class TransactionDraft:
    """A transaction to post under ``reference``, the permanent name of the business event that it books.

    Its date may lie in a closed period: then it counts from the open period on and keeps this date as a citation, or,
    without ``move_late``, is refused.

    :raises InvalidDraft: ``reference_invalid``, ``kind_invalid``, ``description_too_long``, ``metadata_invalid``,
        ``effective_at_naive``, ``too_few_entries``, ``too_many_entries``, ``amount_not_positive``, ``status_invalid``
        or ``unbalanced``.
    """

    reference: str
    kind: str
    entries: tuple[EntryDraft, ...]
    effective_at: datetime
    description: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    link: HoldTerms | Resolves | None = None
    move_late: bool = True

    def __post_init__(self) -> None:
        if not _is_text(self.reference, 1, MAX_REFERENCE_CHARACTERS):
            _refuse("reference_invalid", f"A reference has 1 to {MAX_REFERENCE_CHARACTERS} characters, no NUL.")
        if not _is_text(self.kind, 1, MAX_KIND_CHARACTERS):
            _refuse("kind_invalid", f"A kind has 1 to {MAX_KIND_CHARACTERS} characters, no NUL.")
        if not _is_text(self.description, 0, MAX_DESCRIPTION_CHARACTERS):
            _refuse(
                "description_too_long", f"A description has at most {MAX_DESCRIPTION_CHARACTERS} characters, no NUL."
            )
        if any("\0" in text for pair in self.metadata.items() for text in pair):
            _refuse("metadata_invalid", "Metadata maps text to text, without NUL.")
        if self.effective_at.tzinfo is None:
            _refuse("effective_at_naive", "The effective time needs a time zone.")
        if len(self.entries) < 2:  # noqa: PLR2004 - double entry
            _refuse("too_few_entries", "A transaction has at least two entries.")
        if len(self.entries) > MAX_ENTRIES:
            _refuse("too_many_entries", f"A transaction has at most {MAX_ENTRIES} entries.")
        if any(entry.money.amount_minor <= 0 for entry in self.entries):
            _refuse("amount_not_positive", "An entry's amount is positive; its side says which way it goes.")
        self._require_statuses()
        self._require_balance()

    @property
    def is_plain(self) -> bool:
        """Return whether it posts at once, touches each account once, and acts on no other transaction."""
        accounts = {(entry.account, entry.money.currency) for entry in self.entries}
        return self.link is None and len(accounts) == len(self.entries)

    def fingerprint(self) -> bytes:
        """Return 16 bytes (of SHA-256 over sorted JSON) that differ where anything that was asked for differs."""
        link = self.link
        contents = [
            self.kind,
            self.effective_at.astimezone(UTC).isoformat(),
            self.description,
            dict(self.metadata),
            [
                (entry.account, entry.direction, entry.money.amount_minor, entry.money.currency, entry.status)
                for entry in self.entries
            ],
            [link.expires_at and link.expires_at.astimezone(UTC).isoformat()] if isinstance(link, HoldTerms) else None,
            [link.target, link.action, link.final] if isinstance(link, Resolves) else None,
        ]
        return hashlib.sha256(_AS_JSON(contents).encode()).digest()[:FINGERPRINT_BYTES]

    def _require_statuses(self) -> None:
        statuses = {entry.status for entry in self.entries}
        if isinstance(self.link, HoldTerms):
            allowed: set[Status] = {"pending"}
        elif isinstance(self.link, Resolves) and self.link.action != "reverse":
            allowed = {"posted", "released"}
        else:
            allowed = {"posted"}
        if not statuses <= allowed:
            wrong = ", ".join(sorted(statuses - allowed))
            _refuse("status_invalid", f"Entries of this transaction cannot be {wrong}.")

    def _require_balance(self) -> None:
        sums: Counter[tuple[str, Status]] = Counter()
        for entry in self.entries:
            sign = 1 if entry.direction == "debit" else -1
            sums[entry.money.currency, entry.status] += sign * entry.money.amount_minor
        for (currency, _), difference in sums.items():
            if difference:
                _refuse("unbalanced", f"Debits and credits differ by {abs(difference)} minor units of {currency}.")


def _is_text(value: str, shortest: int, longest: int) -> bool:
    """Whether PostgreSQL keeps this text, NUL being the one character that it does not."""
    return shortest <= len(value) <= longest and "\0" not in value


def _refuse(code: str, detail: str) -> None:
    raise InvalidDraft(code=code, detail=detail)
