"""Rebuild a table from append-only records into a temporary one, and compare the two, row by row and by hash.

Not here: which tables, and how each is rebuilt (stages.py and the files that it names).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db import connection
from django_subatomic.db import transaction

# The books that payments are kept in. Clients have others, and call what they post there as they like.
PAYMENT_BOOKS = "SELECT b.id FROM ledger_book AS b INNER JOIN payments_paymentintent AS i ON i.book = b.code"
SHOWN = 5  # rows that differ: enough to start looking

_BITS = 1 << 64

# Rows come in no order, so that their hash must not depend on one: the sum of two 64-bit hashes of each row's text.
_SUMMARY = """
SELECT count(*), sum(hashtextextended(t::text, 1)::numeric), sum(hashtextextended(t::text, 2)::numeric)
FROM pg_temp.{table} AS t
"""
_DIFFERENCES = """
(
    SELECT 'rebuilt, not stored' AS side, t::text FROM (
        SELECT * FROM pg_temp.replay_rebuilt EXCEPT ALL SELECT * FROM pg_temp.replay_stored
    ) AS t ORDER BY 2 LIMIT {shown}
) UNION ALL (
    SELECT 'stored, not rebuilt', t::text FROM (
        SELECT * FROM pg_temp.replay_stored EXCEPT ALL SELECT * FROM pg_temp.replay_rebuilt
    ) AS t ORDER BY 2 LIMIT {shown}
)
"""


@dataclass(frozen=True, slots=True)
class Projection:
    """Two SELECTs that must give the same rows, the first column of each being what names the row.

    :param stage: of the way from outside to outside: inbox, effects, ledger, outbox, sinks.
    :param rebuilt: from records that are never changed.
    :param stored: from the rows that the service works with.
    """

    stage: str
    name: str
    rebuilt: str
    stored: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of one: both hashes are 32 hexadecimal digits over all rows."""

    stage: str
    name: str
    rows: int
    rebuilt_hash: str
    stored_hash: str
    differences: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Return whether both sides are the same."""
        return not self.differences and self.rebuilt_hash == self.stored_hash


def replay(projections: Iterable[Projection]) -> Iterator[Replayed]:
    """Compare each, all at one moment of the database, whatever is going on meanwhile."""
    with transaction():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        for projection in projections:
            yield _replay(projection)


def _replay(projection: Projection) -> Replayed:
    with connection.cursor() as cursor:
        for table, query in (("replay_rebuilt", projection.rebuilt), ("replay_stored", projection.stored)):
            cursor.execute(f"CREATE TEMP TABLE {table} ON COMMIT DROP AS {query}")
        rows, rebuilt_hash = _summary("replay_rebuilt")
        _, stored_hash = _summary("replay_stored")
        cursor.execute(_DIFFERENCES.format(shown=SHOWN))
        differences = tuple(f"{side}: {row}" for side, row in cursor.fetchall())
        cursor.execute("DROP TABLE pg_temp.replay_rebuilt, pg_temp.replay_stored")
    return Replayed(projection.stage, projection.name, rows, rebuilt_hash, stored_hash, differences)


def _summary(table: str) -> tuple[int, str]:
    with connection.cursor() as cursor:
        cursor.execute(_SUMMARY.format(table=table))
        count, first, second = cursor.fetchone()
    return int(count), f"{int(first or 0) % _BITS:016x}{int(second or 0) % _BITS:016x}"
