"""Post a file's transactions in batches, each whole or not at all, and go on where an earlier run stopped.

Reading lives in jsonl_import.py and csv_import.py, the rules of a record in records.py, the run's row in runs.py.
"""

import csv
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from django_subatomic.db import savepoint, transaction

from exactly_once.errors import TallyError, TryLater
from ledger import journal
from ledger.accounts import AccountSpec, ensure_accounts
from ledger.drafts import Resolves
from ledger.errors import InvalidInterchange
from ledger.interchange import rows, runs
from ledger.interchange.csv_import import read_csv
from ledger.interchange.export import FORMATS
from ledger.interchange.jsonl_import import read_jsonl
from ledger.interchange.lines import LineTooLong, numbered
from ledger.interchange.records import AccountRecord, Record, RefusedLine, TransactionRecord
from ledger.interchange.runs import Tally
from ledger.models import ImportRun

READERS = {"csv": read_csv, "jsonl": read_jsonl}
# Records posted at once: enough to be quick, few enough that their locks are held for some tenths of a second.
BATCH = 500
MOST_ENTRIES = 5_000  # the same, where transactions have many
_FIELD_OF = {
    "reference_conflict": "reference",
    "period_closed": "effective_at",
    "unknown_account": "account",
    "wrong_currency": "currency",
}


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a run. ``resumed_after_line`` is 0 where it began at the start."""

    tally: Tally
    resumed_after_line: int
    already_done: bool = False


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who is told of bytes read and of lines refused."""

    progress: Callable[[int], None]
    refused: Callable[[RefusedLine], None]


class _RolledBack(Exception):
    """Ends a transaction whose effects nobody shall see."""


def import_file(
    *,
    book: str,
    format: str,  # noqa: A002 - its name
    path: Path,
    dry_run: bool,
    listeners: Listeners,
) -> Imported:
    """Post what the file holds; a batch with a refused line is left out whole, and later ones are tried.

    :raises LedgerNotFound: ``book_not_found``.
    :raises InvalidInterchange: ``file_incomplete``: an export that was cut; nothing is posted.
    :raises ImportInProgress: ``import_in_progress``.
    """
    rows.require_book(book=book)
    _require_whole(path, format)
    if dry_run:
        job = _Import(book, None, listeners)
        return Imported(job.post_all(path, format, after_line=0), resumed_after_line=0)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    run = runs.begin(book=book, file_name=path.name, sha256=sha256, format=format)
    begun_after = run.lines_done
    if run.state == ImportRun.DONE:
        return Imported(Tally(run.posted, run.replayed, run.refused), begun_after, already_done=True)
    tally = _Import(book, run, listeners).post_all(path, format, after_line=begun_after)
    runs.finish(run=run)
    return Imported(tally, resumed_after_line=begun_after)


def _require_whole(path: Path, format_: str) -> None:
    """Refuse an export that was cut. A file that is no export of ours cannot be judged, and is taken as it is."""
    with path.open("rb") as file:
        try:
            point = FORMATS[format_].resume_point(file)
        except (TallyError, ValueError, KeyError, TypeError, csv.Error):
            return
    if point and point.last_id != point.through:
        raise InvalidInterchange(
            code="file_incomplete", detail="The export was cut: ledger_export --resume completes it."
        )


class _Import:
    """One run over a file; without a row (``run`` None) it tries everything and keeps nothing."""

    def __init__(self, book: str, run: ImportRun | None, listeners: Listeners) -> None:
        self._book = book
        self._run = run
        self._listeners = listeners
        self._known = {(row.code, row.currency): (row.type, row.normal_side) for row in rows.accounts(book=book)}
        self._wanted: list[AccountSpec] = []
        self._refused_before = False

    def post_all(self, path: Path, format_: str, *, after_line: int) -> Tally:
        tally = Tally()
        with path.open("rb") as file:
            records = READERS[format_](numbered(file, progress=self._listeners.progress), after_line=after_line)
            for records_of_batch in _batches(_guarded(records)):
                tally += self._post_or_refuse(records_of_batch)
        return tally

    def _post_or_refuse(self, batch: list[Record]) -> Tally:
        refused = [line for record in batch for line in self._refusals(record)]
        drafts = [record for record in batch if isinstance(record, TransactionRecord)]
        if not refused:
            try:
                return self._post(drafts, batch[-1].last_line)
            except TryLater:
                raise
            except TallyError as error:
                refused = self._culprits(drafts) or [_refusal(batch[0], error)]
        for line in refused:
            self._listeners.refused(line)
        self._refused_before = True
        tally = Tally(refused=sum(not isinstance(record, AccountRecord) for record in batch))
        if self._run:
            with transaction():
                self._advance(self._run, tally, self._run.lines_done)
        return tally

    def _refusals(self, record: Record) -> Iterator[RefusedLine]:
        match record:
            case RefusedLine():
                yield record
            case AccountRecord(spec=spec):
                known = self._known.setdefault((spec.code, spec.currency), (spec.type, spec.normal_side))
                if known != (spec.type, spec.normal_side):
                    kept = f"The book keeps {spec.code} {spec.currency} as {known[0]}, {known[1]}."
                    yield RefusedLine(
                        record.last_line, record.line, "/account_type", code="account_differs", detail=kept
                    )
                else:
                    self._wanted.append(spec)
            case TransactionRecord(draft=draft):
                for line, entry in zip(record.entry_lines, draft.entries, strict=True):
                    if (entry.account, entry.money.currency) not in self._known:
                        detail = f"The book has no account {entry.account} in {entry.money.currency}."
                        yield RefusedLine(record.last_line, line, "account", "unknown_account", detail)

    def _post(self, records: Sequence[TransactionRecord], last_line: int) -> Tally:
        tally = Tally()
        try:
            with transaction():
                ensure_accounts(book=self._book, accounts=self._wanted)
                posted = journal.post(book=self._book, drafts=[record.draft for record in records])
                replayed = sum(row.replayed for row in posted)
                tally = Tally(posted=len(posted) - replayed, replayed=replayed)
                if self._run is None:
                    raise _RolledBack
                done = self._run.lines_done if self._refused_before else last_line
                self._advance(self._run, tally, done)
        except _RolledBack:
            return tally
        self._wanted.clear()
        return tally

    def _advance(self, run: ImportRun, tally: Tally, lines_done: int) -> None:
        runs.advance(run=run, tally=tally, lines_done=lines_done)
        run.lines_done = lines_done
        run.posted += tally.posted

    def _culprits(self, records: Sequence[TransactionRecord]) -> list[RefusedLine]:
        """Return the transactions that the books refuse, by posting one after the other and keeping none."""
        found = []
        try:
            with transaction():
                try:
                    ensure_accounts(book=self._book, accounts=self._wanted)
                except TallyError:
                    raise _RolledBack from None  # the accounts are at fault
                for record in records:
                    try:
                        with savepoint():
                            journal.post(book=self._book, drafts=record.draft)
                    except TallyError as error:
                        found.append(_refusal(record, error))
                raise _RolledBack
        except _RolledBack:
            return found


def _refusal(record: Record, error: TallyError) -> RefusedLine:
    return RefusedLine(record.last_line, record.line, _FIELD_OF.get(error.code, ""), error.code, error.detail)


def _guarded(records: Iterator[Record]) -> Iterator[Record]:
    try:
        yield from records
    except LineTooLong as error:
        yield RefusedLine(error.line, error.line, "", "line_too_long", "The line is too long; the rest is not read.")


def _batches(records: Iterator[Record]) -> Iterator[list[Record]]:
    """Yield batches. Within one, ids follow the references, so a reversal waits for a batch after its target."""
    batch: list[Record] = []
    references: set[str] = set()
    entries = 0
    for record in records:
        draft = record.draft if isinstance(record, TransactionRecord) else None
        link = draft.link if draft else None
        reverses = isinstance(link, Resolves) and link.target in references
        if reverses or len(batch) == BATCH or entries >= MOST_ENTRIES:
            yield batch
            batch, references, entries = [], set(), 0
        batch.append(record)
        if draft:
            references.add(draft.reference)
            entries += len(draft.entries)
    if batch:
        yield batch
