"""What the clients of a database wait for while they work, from samples of pg_stat_activity."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread

import psycopg

SAMPLE_SECONDS = 0.05
SHOWN = 5

# A client that runs, or would if a core were free, waits for nothing that PostgreSQL knows of.
_SAMPLE = b"""
SELECT
    CASE
        WHEN a.wait_event = 'ClientRead' THEN 'the client'
        ELSE coalesce(a.wait_event_type || ':' || a.wait_event, 'CPU')
    END,
    count(*)
FROM pg_stat_activity AS a
WHERE a.datname = %s AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Wait:
    """How much of the clients' time went to one kind of wait, between 0 and 1."""

    event: str
    share: float


@contextmanager
def sampled(*, url: str, database: str) -> Iterator[list[Wait]]:
    """Sample until the block ends; then the list holds the most frequent waits.

    :param url: any other database of the server, as a role that sees everybody's activity.
    """
    seen, stop, waits = Counter[str](), Event(), list[Wait]()
    sampler = Thread(target=_sample, args=(url, database, seen, stop))
    sampler.start()
    try:
        yield waits
    finally:
        stop.set()
        sampler.join()
        waits += [Wait(event, count / seen.total()) for event, count in seen.most_common(SHOWN)]


def _sample(url: str, database: str, seen: Counter[str], stop: Event) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        while not stop.wait(SAMPLE_SECONDS):
            seen.update(dict(connection.execute(_SAMPLE, [database]).fetchall()))
