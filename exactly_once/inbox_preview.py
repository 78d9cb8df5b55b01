"""What processing an inbox event would change, found by doing it and taking it back.

Not here: processing for good (inbox.py), and many events at once (inbox_replay.py).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from django.db import connection
from django_subatomic.db import savepoint, transaction

from exactly_once import inbox
from exactly_once.inbox import BodyDropped, Park
from exactly_once.models import InboxEvent
from exactly_once.retry import retry_on_conflict

log = structlog.get_logger(__name__)

# PostgreSQL counts per table what the current transaction has written, whoever wrote it: a function, a trigger, we.
_WRITTEN = """
SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_xact_user_tables
WHERE n_tup_ins + n_tup_upd + n_tup_del > 0
"""
_PUBLISHED = """
SELECT type || ' ' || aggregateid FROM exactly_once_outboxevent WHERE xid = pg_current_xact_id() ORDER BY seq
"""

# Notes where a package's records end, and returns what reads those that came since, a line each.
type Witness = Callable[[], Callable[[], list[str]]]

_witnesses: list[Witness] = []


@dataclass(frozen=True, slots=True)
class TableChange:
    """How many rows of a table would be written."""

    table: str
    inserted: int
    updated: int
    deleted: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What would come of it. ``outcome``: the state that the event would have.

    ``lines``: what would be published and posted, in words.
    """

    event_id: int
    event: str
    state: str
    outcome: str
    reason: str = ""
    changes: list[TableChange] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    @property
    def changes_anything(self) -> bool:
        """Return whether anything but the event's own row would differ."""
        return bool(self.changes)


class _TakenBackError(Exception):
    """Ends the transaction of a preview."""


def register_witness(witness: Witness) -> None:
    """Have ``witness`` tell in words what a preview made in its package."""
    _witnesses.append(witness)


@retry_on_conflict
def preview(*, event_id: int, now: datetime) -> Preview:
    """Process an event, in whatever state, and take everything back; return what it would have changed.

    It takes the locks that processing takes, for as long. A table's counts hold also what the handler itself took back.
    """
    found: Preview | None = None
    try:
        with transaction():
            with connection.cursor() as cursor:
                # What others commit meanwhile is not to be taken for ours.
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            found = _try(InboxEvent.objects.get(pk=event_id), now)
            raise _TakenBackError
    except _TakenBackError:
        pass
    assert found is not None, "an event that is gone raises DoesNotExist"
    return found


def _try(event: InboxEvent, now: datetime) -> Preview:
    readers = [witness() for witness in _witnesses]
    before = _written()
    outcome, reason = "processed", ""
    try:
        with savepoint():
            inbox.handle(event=event, now=now)
    except (Park, BodyDropped) as park:
        outcome, reason = "parked", str(park)
    except Exception as error:
        log.exception("inbox.preview_failed", inbox_event=event.pk)
        outcome, reason = "failed", repr(error)
    done = outcome == "processed"
    return Preview(
        event_id=event.pk,
        event=str(event),
        state=event.state,
        outcome=outcome,
        reason=reason,
        changes=_since(before) if done else [],
        lines=[*_published(), *(line for read in readers for line in read())] if done else [],
    )


def _written() -> dict[str, tuple[int, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(_WRITTEN)
        return {row[0]: (row[1], row[2], row[3]) for row in cursor.fetchall()}


def _since(before: dict[str, tuple[int, int, int]]) -> list[TableChange]:
    changes = []
    for table, written in sorted(_written().items()):
        then = before.get(table, (0, 0, 0))
        if written != then:
            changes.append(TableChange(table, *(count - earlier for count, earlier in zip(written, then, strict=True))))
    return changes


def _published() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_PUBLISHED)
        return [f"publishes {row[0]}" for row in cursor.fetchall()]
