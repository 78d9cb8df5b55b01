"""Write a book to a file, or go on with a file that was cut; what comes out is the same, byte for byte.

The formats live in their own files, the reading of the books in rows.py, the terminal in the command.
"""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from ledger.errors import InvalidInterchange
from ledger.interchange import rows
from ledger.interchange.beancount_format import Beancount
from ledger.interchange.csv_format import CommaSeparated
from ledger.interchange.formats import Extent, Format, ResumePoint, not_an_export
from ledger.interchange.jsonl_format import JsonLines

FORMATS: dict[str, type[Format]] = {"csv": CommaSeparated, "jsonl": JsonLines, "beancount": Beancount}

# Called with the id of the last transaction written and the id of the last to come.
type Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Exported:
    """What a run did: how many transactions it wrote, and after which it went on (0: from the start)."""

    transactions: int
    resumed_after_id: int


def export_book(*, book: str, format: str, file: BinaryIO, progress: Progress) -> Exported:  # noqa: A002 - its name
    """Write the whole book, in memory that does not grow with the number of transactions.

    :raises LedgerNotFound: ``book_not_found``.
    :raises HorizonBlocked: ``horizon_blocked``.
    """
    rows.require_book(book=book)
    extent = _extent(book, rows.last_settled(book=book))
    writer = FORMATS[format](extent)
    file.write(writer.head().encode())
    return _write_from(writer, extent, after=0, file=file, progress=progress)


def resume_export(*, book: str, format: str, file: BinaryIO, progress: Progress) -> Exported:  # noqa: A002 - its name
    """Drop what is incomplete at the end of ``file`` (open for reading and writing) and write what is missing.

    Starts anew where there is nothing to go on with, or where the accounts have changed since.

    :raises LedgerNotFound: ``book_not_found``.
    :raises InvalidInterchange: ``not_an_export`` or ``other_book``: the file is left alone.
    """
    rows.require_book(book=book)
    point = _resume_point(file, format)
    if point and point.book != book:
        raise InvalidInterchange(code="other_book", detail=f"The file is an export of the book {point.book!r}.")
    if point:
        extent = _extent(book, point.through)
        writer = FORMATS[format](extent)
        if _starts_with(file, writer.head().encode()):
            file.truncate(point.offset_bytes)
            file.seek(point.offset_bytes)
            return _write_after(point, writer, extent, file=file, progress=progress)
    file.seek(0)
    file.truncate()
    return export_book(book=book, format=format, file=file, progress=progress)


def _resume_point(file: BinaryIO, format_: str) -> ResumePoint | None:
    try:
        return FORMATS[format_].resume_point(file)
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise not_an_export(format_) from error


def _extent(book: str, through: int) -> Extent:
    return Extent(
        book=book,
        through=through,
        first_effective_at=rows.first_effective_at(book=book, through=through),
        accounts=rows.accounts(book=book),
    )


def _starts_with(file: BinaryIO, head: bytes) -> bool:
    file.seek(0)
    return file.read(len(head)) == head


def _write_after(point: ResumePoint, writer: Format, extent: Extent, *, file: BinaryIO, progress: Progress) -> Exported:
    if writer.sums_up:
        for page in rows.transactions(book=extent.book, after=0, through=point.last_id):
            for row in page:
                writer.transaction(row)
    return _write_from(writer, extent, after=point.last_id, file=file, progress=progress)


def _write_from(writer: Format, extent: Extent, *, after: int, file: BinaryIO, progress: Progress) -> Exported:
    written = 0
    for page in rows.transactions(book=extent.book, after=after, through=extent.through):
        file.write("".join(map(writer.transaction, page)).encode())
        file.flush()
        written += len(page)
        progress(page[-1].id, extent.through)
    file.write(writer.tail().encode())
    file.flush()
    return Exported(transactions=written, resumed_after_id=after)
