"""Who did what in the admin, when, from where, and why: rows that are written with what they tell of, and stay.

Around each POST a recorder watches the statements. Before the first one of a transaction that writes, it writes the
audit row into that transaction, so that both are there or neither. What wrote nothing gets its row afterwards.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import structlog
from django.db import connection
from django.http import HttpRequest
from django_subatomic.db import transaction_if_not_already

from config.staff.address import client_address
from config.staff.models import AuditEvent, Outcome
from exactly_once.chosen_rows import SEEN

# A row names at most so many objects, and counts the others.
OBJECTS_NAMED = 1000
WRITES = re.compile(
    r"\s*(?:INSERT|UPDATE|DELETE|MERGE|COPY|TRUNCATE|WITH\b.*\b(?:INSERT|UPDATE|DELETE))\b", re.IGNORECASE | re.DOTALL
)
# What a transaction has been noted under, if it has been: PostgreSQL forgets it with the transaction, or a savepoint.
NOTED = "tally.audited"


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did, or tried.

    :param object_ids: keys of rows of ``object_type``, which is ``app.model``.
    """

    action: str
    object_type: str = ""
    object_ids: Sequence[str] = ()
    reason: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


def record(request: HttpRequest, act: Act, *, outcome: Outcome = Outcome.DONE, actor: str | None = None) -> AuditEvent:
    """Write a row. It belongs to the transaction that is open, if one is."""
    detail = dict(act.detail)
    if len(act.object_ids) > OBJECTS_NAMED:
        detail["objects"] = len(act.object_ids)
    return AuditEvent.objects.create(
        at=datetime.now(UTC),
        actor=(request.user.get_username() if actor is None else actor)[:150],
        action=act.action,
        outcome=outcome,
        object_type=act.object_type,
        object_ids=list(act.object_ids[:OBJECTS_NAMED]),
        detail=detail,
        reason=act.reason,
        address=client_address(request),
        request_id=str(structlog.contextvars.get_contextvars().get("request_id", ""))[:64],
    )


def as_seen(request: HttpRequest, act: Act) -> Act:
    """Return the act with the keys of the rows it is about, where they are those of a page that was seen (seen.py)."""
    keys: str | None = getattr(request, SEEN, None)
    return act if keys is None else replace(act, object_ids=keys.split(",") if keys else [])


class Recorder:
    """Sees each statement of one request, and notes the act in each transaction that writes."""

    def __init__(self, request: HttpRequest, act: Act) -> None:
        self.rows = 0
        self._request = request
        self._act = act
        self._key = uuid4().hex
        self._writing = False

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: Any, context: dict[str, Any]) -> Any:
        if self._writing or not WRITES.match(str(sql)):
            return execute(sql, params, many, context)
        with transaction_if_not_already():
            self._note()
            return execute(sql, params, many, context)

    def _note(self) -> None:
        self._writing = True
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT current_setting(%s, true) = %s", [NOTED, self._key])
                if cursor.fetchone() == (True,):
                    return
                record(self._request, as_seen(self._request, self._act))
                cursor.execute("SELECT set_config(%s, %s, true)", [NOTED, self._key])
                self.rows += 1
        finally:
            self._writing = False


@contextmanager
def watched(request: HttpRequest, act: Act) -> Iterator[Recorder]:
    """Have a recorder watch what is done inside."""
    recorder = Recorder(request, act)
    with connection.execute_wrapper(recorder):
        yield recorder
