"""What is to be posted: pure values, complete and balanced before the database sees them."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

import rfc8785

from ledger.errors import InvalidDraft
from ledger.money import Money

type Direction = Literal["debit", "credit"]

MAX_REFERENCE_CHARACTERS = 255
MAX_ENTRIES = 1_000  # of one transaction: bounds the locks that one posting holds


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """One side of a transaction: ``money`` (> 0) on the debit or the credit side of the account with this code."""

    account: str
    direction: Direction
    money: Money


def debit(account: str, money: Money) -> EntryDraft:
    """Return an entry on the debit side."""
    return EntryDraft(account, "debit", money)


def credit(account: str, money: Money) -> EntryDraft:
    """Return an entry on the credit side."""
    return EntryDraft(account, "credit", money)


@dataclass(frozen=True, slots=True)
class TransactionDraft:
    """A transaction to post under ``reference``, the permanent name of the business event that it books.

    :raises InvalidDraft: ``reference_invalid``, ``effective_at_naive``, ``too_few_entries``, ``too_many_entries``,
        ``amount_not_positive`` or ``unbalanced``.
    """

    reference: str
    kind: str
    entries: tuple[EntryDraft, ...]
    effective_at: datetime
    description: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 1 <= len(self.reference) <= MAX_REFERENCE_CHARACTERS:
            _refuse("reference_invalid", f"A reference has 1 to {MAX_REFERENCE_CHARACTERS} characters.")
        if self.effective_at.tzinfo is None:
            _refuse("effective_at_naive", "The effective time needs a time zone.")
        if len(self.entries) < 2:  # noqa: PLR2004 - double entry
            _refuse("too_few_entries", "A transaction has at least two entries.")
        if len(self.entries) > MAX_ENTRIES:
            _refuse("too_many_entries", f"A transaction has at most {MAX_ENTRIES} entries.")
        if any(entry.money.amount_minor <= 0 for entry in self.entries):
            _refuse("amount_not_positive", "An entry's amount is positive; its side says which way it goes.")
        self._require_balance()

    def fingerprint(self) -> bytes:
        """Return 32 bytes (SHA-256 over RFC 8785 JSON) that differ where anything that was asked for differs."""
        return hashlib.sha256(
            rfc8785.dumps(
                {
                    "kind": self.kind,
                    "effective_at": self.effective_at.astimezone(UTC).isoformat(),
                    "description": self.description,
                    "metadata": dict(self.metadata),
                    # Amounts as text: RFC 8785 knows integers only up to 2^53.
                    "entries": [
                        [entry.account, entry.direction, str(entry.money.amount_minor), entry.money.currency]
                        for entry in self.entries
                    ],
                }
            )
        ).digest()

    def _require_balance(self) -> None:
        sums: Counter[str] = Counter()
        for entry in self.entries:
            sign = 1 if entry.direction == "debit" else -1
            sums[entry.money.currency] += sign * entry.money.amount_minor
        for currency, difference in sums.items():
            if difference:
                _refuse("unbalanced", f"Debits and credits differ by {abs(difference)} minor units of {currency}.")


def _refuse(code: str, detail: str) -> None:
    raise InvalidDraft(code=code, detail=detail)
