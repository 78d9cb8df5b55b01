"""How far the change feeds are behind, for whoever watches. What a feed itself needs to know is in source.py."""

from dataclasses import dataclass

from django.db import connection

_SLOTS = """
SELECT
    slot_name, (pg_current_wal_lsn() - confirmed_flush_lsn)::bigint AS lag_bytes, safe_wal_size,
    CASE
        WHEN invalidation_reason IS NOT NULL THEN 'lost: ' || invalidation_reason
        WHEN wal_status IN ('lost', 'unreserved') THEN wal_status
        ELSE ''
    END AS trouble
FROM pg_replication_slots
WHERE database = current_database() AND plugin = 'pgoutput'
"""


@dataclass(frozen=True, slots=True)
class SlotLag:
    """A slot: bytes of log that its sink has not had, bytes until the server gives it up, and what is wrong with it."""

    lag_bytes: int | None
    bytes_until_lost: int | None
    trouble: str


def slots() -> dict[str, SlotLag]:
    """Return every slot of this database, by name."""
    with connection.cursor() as cursor:
        cursor.execute(_SLOTS)
        return {name: SlotLag(*lag) for name, *lag in cursor.fetchall()}
