"""What is kept how long, and dropped then: the bodies of events, and stored answers. Keys and effects stay for ever.

Both periods are published (docs/guarantees.md): a duplicate that comes later still meets its key.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django_subatomic.db import durable, transaction

EXPIRE_AT_ONCE = 1_000  # answers in one transaction: short enough that nobody waits for their keys

_EXPIRE = """
WITH old AS (
    SELECT k.id FROM exactly_once_idempotencykey AS k
    WHERE k.state = 'finished' AND k.finished_at < %s
    ORDER BY k.finished_at
    LIMIT %s
    FOR UPDATE SKIP LOCKED
)

UPDATE exactly_once_idempotencykey AS k
SET state = 'expired', response_status = NULL, response_body = NULL, response_content_type = ''
FROM old
WHERE k.id = old.id
"""


@dataclass(frozen=True, slots=True)
class Rolled:
    """The names of the partitions that were made and dropped."""

    made: tuple[str, ...]
    dropped: tuple[str, ...]


@transaction
def roll_inbox(*, now: datetime, keep: timedelta) -> Rolled:
    """Make room for the bodies of the coming months, and drop the months that are older than ``keep``.

    A month stays while one of its events has not had its effect.
    """
    with connection.cursor() as cursor:
        # Making a partition locks the table: an insert that is under way is waited for, by whoever comes after us too.
        cursor.execute("SET LOCAL lock_timeout = '2s'")
        cursor.execute("SELECT r_made, r_dropped FROM exactly_once_roll_inbox(%s, %s)", [now, now - keep])
        made, dropped = cursor.fetchone()
    return Rolled(tuple(made), tuple(dropped))


@durable
def expire_answers(*, now: datetime, keep: timedelta) -> int:
    """Drop the answers that were given longer ago than ``keep``, and return how many; their keys stay, and refuse.

    A key without an answer is never touched: its request has not ended.

    :raises IntegrityError: ``keep`` is less than the 30 days that the API publishes; the database itself refuses.
    """
    expired = 0
    while changed := _expire_some(now - keep):
        expired += changed
    return expired


@transaction
def _expire_some(before: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_EXPIRE, [before, EXPIRE_AT_ONCE])
        return int(cursor.rowcount)
