"""What is kept how long, and dropped then: the bodies of events, and stored answers. Keys and effects stay for ever.

Both periods are published (docs/guarantees.md): a duplicate that comes later still meets its key.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django_subatomic.db import transaction


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
