"""The record of an import: how far it came, so that it goes on from there. Changed in the batch's own transaction."""

from dataclasses import dataclass

from django.db.models import F
from django.db.models.functions import Now
from django_subatomic.db import transaction, transaction_required

from ledger.errors import ImportInProgress
from ledger.models import Book, ImportRun


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of transactions: posted now, known before, or refused."""

    posted: int = 0
    replayed: int = 0
    refused: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.posted + other.posted, self.replayed + other.replayed, self.refused + other.refused)


@transaction
def begin(*, book: str, file_name: str, sha256: str, format: str) -> ImportRun:  # noqa: A002 - the column's name
    """Return the run of this file into this book, new or taken up again; a finished one stays as it is."""
    book_id = Book.objects.values_list("id", flat=True).get(code=book)
    described = {"file_name": file_name[-255:], "format": format}
    run, _ = ImportRun.objects.get_or_create(book_id=book_id, sha256=sha256, defaults=described)
    # What was refused is tried again, so it is counted again.
    again = {**described, "state": ImportRun.RUNNING, "refused": 0, "finished_at": None}
    ImportRun.objects.filter(pk=run.pk).exclude(state=ImportRun.DONE).update(**again)
    return run


@transaction_required
def advance(*, run: ImportRun, tally: Tally, lines_done: int) -> None:
    """Add a batch; ``lines_done`` stays where the first refusal is, so that the next run begins there.

    :raises ImportInProgress: ``import_in_progress``: another process has moved the same run.
    """
    moved = ImportRun.objects.filter(pk=run.pk, lines_done=run.lines_done, posted=run.posted).update(
        lines_done=lines_done,
        posted=F("posted") + tally.posted,
        replayed=F("replayed") + tally.replayed,
        refused=F("refused") + tally.refused,
    )
    if not moved:
        raise ImportInProgress(code="import_in_progress", detail="Another process is importing the same file.")


@transaction
def finish(*, run: ImportRun) -> None:
    """Close the run: done, or refused in part."""
    run.refresh_from_db()
    run.state = ImportRun.REFUSED if run.refused else ImportRun.DONE
    ImportRun.objects.filter(pk=run.pk).update(state=run.state, finished_at=Now())
