"""Beancount: plain text that an independent program (`bean-check`) adds up again. Posted entries only.

Three traps of the syntax: a balance assertion counts the accounts below, too; it forgives differences of up to two
units of the last decimal unless told ``~ 0``; an account is opened once, for all its currencies.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import BinaryIO, ClassVar

from ledger.errors import InvalidInterchange
from ledger.interchange.beancount_names import account_name, metadata_key
from ledger.interchange.formats import Extent, ResumePoint, decimal_text, moment, not_an_export
from ledger.interchange.rows import AccountRow, EntryRow, TransactionRow

_TITLE = "; Tally: transactions of one book, as double entries. Check with: bean-check FILE"
_THROUGH = b"; through transaction "
_BOOK = b"; book "
_ID_KEY = b"  transaction: "
_TAG = re.compile(r"[A-Za-z0-9\-_/.]+")
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\f": "\\f", "\b": "\\b"})


class Beancount:
    """The books for Beancount 3. Debits are positive, credits negative, as Beancount has it."""

    sums_up: ClassVar[bool] = True

    def __init__(self, extent: Extent) -> None:
        self._extent = extent
        self._names = {(row.type, row.code): account_name(type=row.type, code=row.code) for row in extent.accounts}
        self._sums: Counter[tuple[str, str]] = Counter()
        self._last_on = max((_opened_on(row, extent) for row in extent.accounts), default=date.min)
        self._last_used_on: dict[str, date] = {}

    def head(self) -> str:
        """Return what the file is, and the accounts."""
        lines = [
            _TITLE,
            _BOOK.decode() + json.dumps(self._extent.book),
            _THROUGH.decode() + str(self._extent.through),
            f'option "title" {_quoted(f"Book {self._extent.book}")}',
            *(f'option "operating_currency" "{currency}"' for currency in sorted(_currencies(self._extent.accounts))),
            "",
        ]
        for name, rows in self._by_name().items():
            opened_on = min(_opened_on(row, self._extent) for row in rows)
            lines.append(f"{opened_on} open {name} {','.join(row.currency for row in rows)}")
            lines.append(f"  code: {_quoted(rows[0].code)}")
            lines.extend(line for row in rows for line in _account_metadata(row))
        return "\n".join([*lines, "", ""])

    def transaction(self, row: TransactionRow) -> str:
        """Return the transaction's directive; nothing if none of its entries is posted."""
        posted = [entry for entry in row.entries if entry.status == "posted"]
        if not posted:
            return ""
        on = row.effective_at.astimezone(UTC).date()
        self._last_on = max(self._last_on, on)
        marks = [f" #{row.kind}"] * bool(_TAG.fullmatch(row.kind))
        marks += [f" ^{row.reference}"] * bool(_TAG.fullmatch(row.reference))
        lines = [
            f"{on} * {_quoted(row.description)}{''.join(marks)}",
            f"{_ID_KEY.decode()}{row.id}",
            f"  reference: {_quoted(row.reference)}",
            f"  kind: {_quoted(row.kind)}",
            f'  effective-at: "{moment(row.effective_at)}"',
            f'  recorded-at: "{moment(row.recorded_at)}"',
            *_origin(row),
            *(f"  {metadata_key(key=key)}: {_quoted(_text(value))}" for key, value in row.metadata.items()),
            *(self._posting(entry, on) for entry in posted),
        ]
        return "\n".join([*lines, "", ""])

    def tail(self) -> str:
        """Return a balance assertion for every account and currency, and the ends of closed accounts."""
        if not self._extent.accounts:
            return ""
        if self._last_on == date.max:
            raise InvalidInterchange(
                code="date_out_of_range", detail="No balance can be stated for the day after the last day of all."
            )
        next_day = self._last_on + timedelta(days=1)
        held = self._rolled_up()
        lines = []
        for name, rows in self._by_name().items():
            for row in rows:
                amount = decimal_text(held[name, row.currency], row.currency)
                lines.append(f"{next_day} balance {name}  {amount} ~ 0 {row.currency}")
        for name, rows in self._by_name().items():
            ends = [row.closed_at for row in rows if row.closed_at]
            if len(ends) == len(rows):
                closed_on = max(*(end.astimezone(UTC).date() for end in ends), self._last_used_on.get(name, date.min))
                lines.append(f"{closed_on} close {name}")
        return "\n".join([*lines, ""])

    @staticmethod
    def resume_point(file: BinaryIO) -> ResumePoint | None:
        """Return the end of the last transaction that its empty line follows."""
        head = [file.readline() for _ in range(3)]
        if not f"{_TITLE}\n".encode().startswith(head[0]) or not head[0]:
            if head[0]:
                raise not_an_export("Beancount")
            return None
        if not head[2].startswith(_THROUGH) or not head[2].endswith(b"\n"):
            return None
        book, through = json.loads(head[1][len(_BOOK) :]), int(head[2][len(_THROUGH) :])
        offset_bytes, found, pending_id = sum(map(len, head)), None, None
        for line in file:
            offset_bytes += len(line)
            if line.startswith(_ID_KEY) and line.endswith(b"\n"):
                pending_id = int(line[len(_ID_KEY) :])
            elif line == b"\n" and pending_id is not None:
                found = ResumePoint(book, through, pending_id, offset_bytes)
                pending_id = None
        return found

    def _posting(self, entry: EntryRow, on: date) -> str:
        name = self._names[entry.account_type, entry.account]
        signed_minor = entry.amount_minor if entry.direction == "debit" else -entry.amount_minor
        self._sums[name, entry.currency] += signed_minor
        self._last_used_on[name] = max(on, self._last_used_on.get(name, on))
        return f"  {name}  {decimal_text(signed_minor, entry.currency)} {entry.currency}"

    def _rolled_up(self) -> Counter[tuple[str, str]]:
        held: Counter[tuple[str, str]] = Counter()
        for (name, currency), amount_minor in self._sums.items():
            for above in _paths(name):
                held[above, currency] += amount_minor
        return held

    def _by_name(self) -> dict[str, list[AccountRow]]:
        found: dict[str, list[AccountRow]] = defaultdict(list)
        for row in self._extent.accounts:
            found[self._names[row.type, row.code]].append(row)
        return dict(sorted(found.items()))


def _origin(row: TransactionRow) -> Iterator[str]:
    if row.dated_at:
        yield f'  dated-at: "{moment(row.dated_at)}"'
    if row.resolves:
        yield f'  action: "{row.resolves.action}"'
        yield f"  target: {_quoted(row.resolves.target)}"


def _paths(name: str) -> Iterator[str]:
    parts = name.split(":")
    return (":".join(parts[:length]) for length in range(1, len(parts) + 1))


def _currencies(accounts: Iterable[AccountRow]) -> set[str]:
    return {row.currency for row in accounts}


def _opened_on(row: AccountRow, extent: Extent) -> date:
    """Return the day from which Beancount shall know the account: entries may take effect before it was opened."""
    first: datetime = min(row.opened_at, extent.first_effective_at or row.opened_at)
    return first.astimezone(UTC).date()


def _account_metadata(row: AccountRow) -> Iterator[str]:
    currency = row.currency.lower()
    yield f'  normal-side-{currency}: "{row.normal_side}"'
    yield f'  opened-at-{currency}: "{moment(row.opened_at)}"'
    if row.floor_minor is not None:
        yield f'  floor-{currency}: "{decimal_text(row.floor_minor, row.currency)}"'
    if row.ceiling_minor is not None:
        yield f'  ceiling-{currency}: "{decimal_text(row.ceiling_minor, row.currency)}"'
    if row.closed_at is not None:
        yield f'  closed-at-{currency}: "{moment(row.closed_at)}"'
    for key, value in row.metadata.items():
        yield f"  {metadata_key(key=key)}-{currency}: {_quoted(_text(value))}"


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _quoted(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'
