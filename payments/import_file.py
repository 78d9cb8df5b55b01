"""Read an uploaded file to its end, and take it over."""

from dataclasses import dataclass
from datetime import datetime

from payments.apply_file import apply_file
from payments.models import FileImport
from payments.read_file import read_file
from payments.states import FileState

_UNDER_WAY = (FileState.RECEIVED, FileState.READ)


@dataclass(frozen=True, slots=True)
class Imported:
    """How a file stands, and whether it is to be gone on with."""

    state: FileState
    rows: int
    more: bool


def import_file(*, file_id: str, pages: int, now: datetime) -> Imported:
    """Go on with a file for up to so many pages; whatever stops this, the next call goes on from there.

    :raises PaymentNotFound: ``file_not_found``.
    """
    state, rows, more = FileState.RECEIVED, 0, False
    for read in read_file(file_id=file_id, pages=pages, now=now):
        state, rows, more = read.state, read.rows, read.more
    if state is FileState.READ:
        state = apply_file(file_id=file_id, now=now)
    return Imported(state, rows, more)


def due_files(*, limit: int) -> list[str]:
    """Return the imports that are not at their end, the oldest first."""
    due = FileImport.objects.filter(state__in=[str(state) for state in _UNDER_WAY])
    return list(due.order_by("uploaded_at").values_list("public_id", flat=True)[:limit])
