"""Read an uploaded file, page by page, until all of its rows are known to be good, or some to be bad."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import batched, islice

import structlog
from django.db.models import F
from django_subatomic.db import transaction

from payments.errors import PaymentNotFound
from payments.file_readers import rows_of
from payments.models import FileContent, FileImport, FileRow
from payments.statements.rows import BadRow, GoodRow, Row, SkippedRow, UnreadableFile
from payments.states import FileState

log = structlog.get_logger(__name__)

ROWS_IN_A_PAGE = 1_000
# A file of which so many rows are bad is another file than it is said to be: reading on would only list more.
MOST_BAD_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Read:
    """How far a file is read, and whether there is more of it."""

    state: FileState
    rows: int
    more: bool


def read_file(*, file_id: str, pages: int, now: datetime) -> Iterator[Read]:
    """Read up to so many pages from where the last reading ended, each in a commit of its own; yield after each.

    Two that read at once keep a page once: the second stops. Not to be called inside a transaction.

    :raises PaymentNotFound: ``file_not_found``.
    """
    file = FileImport.objects.filter(public_id=file_id).first()
    if file is None:
        raise PaymentNotFound(code="file_not_found", detail=f"There is no file import {file_id}.")
    if file.state != FileState.RECEIVED:
        yield Read(FileState(file.state), file.rows_read, more=False)
        return
    content = bytes(FileContent.objects.get(file=file).content)
    try:
        of_account, rows = rows_of(file=file, content=content)
        _check_account(file, of_account)
        unread = islice(rows, file.rows_read, None)
        for page in islice(batched(unread, ROWS_IN_A_PAGE), pages):
            if not _keep(file, page, of_account):
                return
            if file.rows_bad >= MOST_BAD_ROWS:
                raise UnreadableFile(
                    f"{file.rows_bad} of its first {file.rows_read} rows are bad: the rest was not read."
                )
            yield Read(FileState.RECEIVED, file.rows_read, more=True)
        # A reader may find out at the very end that a file is not whole.
        if next(unread, None) is not None:
            return
    except UnreadableFile as refusal:
        _end(file, FileState.REFUSED, str(refusal), now)
    else:
        _end(file, FileState.REFUSED if file.rows_bad else FileState.READ, "", now)
    yield Read(FileState(file.state), file.rows_read, more=False)


@transaction
def _keep(file: FileImport, page: tuple[Row, ...], of_account: str) -> bool:
    """Keep a page's rows and how far that is; return whether nobody else has."""
    bad = sum(isinstance(row, BadRow) for row in page)
    skipped = sum(isinstance(row, SkippedRow) for row in page)
    here = FileImport.objects.filter(pk=file.pk, rows_read=file.rows_read, state=FileState.RECEIVED)
    moved = here.update(
        rows_read=F("rows_read") + len(page),
        rows_bad=F("rows_bad") + bad,
        rows_skipped=F("rows_skipped") + skipped,
        of_account=of_account,
    )
    if not moved:
        return False
    FileRow.objects.bulk_create(
        _row(file, number, row)
        for number, row in enumerate(page, start=file.rows_read + 1)
        if not isinstance(row, SkippedRow)
    )
    file.rows_read, file.rows_bad = file.rows_read + len(page), file.rows_bad + bad
    return True


def _row(file: FileImport, number: int, row: GoodRow | BadRow) -> FileRow:
    kept = FileRow(file=file, number=number, line=row.line, raw=dict(row.raw))
    if isinstance(row, BadRow):
        kept.field, kept.reason = row.name[:128], row.reason.replace("\0", "")[:500] or "it makes no sense"
    else:
        kept.says = dict(row.columns)
    return kept


def _check_account(file: FileImport, of_account: str) -> None:
    """Refuse the statement of another account: it was uploaded to the wrong one."""
    earlier = FileImport.objects.filter(kind=file.kind, account=file.account, state=FileState.APPLIED)
    other = earlier.exclude(of_account__in=["", of_account]).values_list("of_account", flat=True).first()
    if of_account and other is not None:
        raise UnreadableFile(f"It is of the account {of_account}; earlier ones of {file.account} were of {other}.")


@transaction
def _end(file: FileImport, state: FileState, failure: str, now: datetime) -> None:
    here = FileImport.objects.filter(pk=file.pk, rows_read=file.rows_read, state=FileState.RECEIVED)
    ended_at = now if state is FileState.REFUSED else None
    if here.update(state=state, failure=failure.replace("\0", "")[:500], ended_at=ended_at):
        log.info("file.ended", file=file.public_id, state=str(state), bad=file.rows_bad, failure=failure)
    file.refresh_from_db()
