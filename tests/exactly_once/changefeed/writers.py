"""Sessions that change the followed tables at once, each rows of its own, and a slot that says what they committed."""

import random
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg

WRITERS = 4
TRUTH = "truth_under_test"
# As contrib's test_decoding writes a change.
_TOLD = re.compile(r"table public\.(?P<table>fruit|crate): (?P<kind>INSERT|UPDATE|DELETE):")


@contextmanager
def writing(dsn: str, *, seed: int) -> Iterator[None]:
    """Let the writers write for as long as this lasts."""
    stop = threading.Event()
    with ThreadPoolExecutor(WRITERS) as pool:
        done = [pool.submit(_write, dsn, random.Random(f"{seed}-{number}"), number, stop) for number in range(WRITERS)]
        try:
            yield
        finally:
            stop.set()
    for future in done:
        assert future.result() > 0


def _write(dsn: str, draw: random.Random, number: int, stop: threading.Event) -> int:
    """Commit small and larger transactions, and undo some; return how many were committed."""
    commits = 0
    with psycopg.connect(dsn, autocommit=True) as session:
        while not stop.wait(draw.uniform(0.0, 0.01)):
            undone = draw.random() < 0.1
            with session.transaction(force_rollback=undone):
                for _ in range(draw.choice([1, 1, 1, 2, 7])):
                    _change(session, draw, number)
            commits += not undone
    return commits


def _change(session: psycopg.Connection, draw: random.Random, number: int) -> None:
    id_ = draw.randrange(30) * WRITERS + number
    match draw.randrange(5):
        case 0 | 1:
            session.execute("INSERT INTO fruit VALUES (%s, 'new', true, 0) ON CONFLICT DO NOTHING", [id_])
        case 2:
            session.execute("UPDATE fruit SET weight = weight + 1, name = md5(name) WHERE id = %s", [id_])
        case 3:
            session.execute("DELETE FROM fruit WHERE id = %s", [id_])
        case _:
            session.execute(
                "INSERT INTO crate VALUES (%s, %s, '[]') ON CONFLICT (place, number) "
                "DO UPDATE SET fruits = crate.fruits || '[1]'",
                [f"shelf {number}", draw.randrange(5)],
            )


def watch(session: psycopg.Connection) -> None:
    """Begin to note what is committed, by means that share no code with the feed."""
    session.execute("SELECT pg_create_logical_replication_slot(%s, 'test_decoding')", [TRUTH])


def committed(session: psycopg.Connection) -> list[tuple[str, str]]:
    """Return (table, kind) of each change since ``watch``, in the order of the commits."""
    rows = session.execute("SELECT data FROM pg_logical_slot_peek_changes(%s, NULL, NULL)", [TRUTH])
    found = (_TOLD.match(row[0]) for row in rows)
    return [(match["table"], match["kind"].lower()) for match in found if match]
