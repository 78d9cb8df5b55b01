"""Numbered points of a process at which it can be killed: statements, commits, and whatever it says to the outside.

Each is written to a journal when it is reached, so that whoever looks afterwards knows how far a dead process came.
Not here: who starts the process (nursery.py), and what it does (scenarios.py).
"""

import functools
import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import celery
import psycopg
import requests
import urllib3
from django.core.mail.backends.filebased import EmailBackend
from psycopg.pq import TransactionStatus
from psycopg.sql import Composable
from redis.commands.core import Script

LABEL_CHARACTERS = 70
# A thread of the process may reach a point while another waits for it.
PATIENCE_SECONDS = 10.0


class Points:
    """Counts the points of this process, and ends it with SIGKILL at the ``fatal`` one.

    :param journal: gets a line, ``number label``, for each point before anything else happens there.
    """

    def __init__(self, journal: Path, *, fatal: int | None) -> None:
        self._file = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._fatal = fatal
        self._reached: list[str] = []
        self._muted = False
        self._turn = threading.Condition()

    def reach(self, label: str) -> None:
        """Note the point; die if it is the one."""
        if self._muted:
            return
        with self._turn:
            self._reached.append(label)
            os.write(self._file, f"{len(self._reached)} {label}\n".encode())
            if len(self._reached) == self._fatal:
                os.kill(os.getpid(), signal.SIGKILL)
                signal.pause()  # the signal may reach another thread a moment earlier than this one
            self._turn.notify_all()

    def wait_for(self, label: str) -> None:
        """Return once another thread has passed a point."""
        with self._turn:
            assert self._turn.wait_for(lambda: label in self._reached, PATIENCE_SECONDS), f"never reached: {label}"

    @contextmanager
    def muted(self) -> Iterator[None]:
        """Have no points in what others do, though it is done here."""
        self._muted = True
        yield
        self._muted = False

    def install(self) -> None:
        """Set the points, in this process, for as long as it lives."""
        _set_in_statements(self)
        for owner, name, label in (
            (psycopg.Connection, "commit", "commit"),
            (psycopg.Transaction, "__exit__", "end of transaction"),
            (psycopg.Connection, "rollback", "rollback"),
            (EmailBackend, "send_messages", "mail"),
            (urllib3.HTTPConnectionPool, "request", "webhook to a merchant"),
            (Script, "__call__", "script in Valkey"),
            (Path, "rename", "rename of a file"),
            (os, "fsync", "fsync"),
        ):
            _set_around(self, owner, name, lambda *_args, label=label, **_options: label)
        _set_around(self, requests.Session, "send", lambda _session, request, **_: f"PSP {_address(request)}")
        _set_around(self, celery.Celery, "send_task", lambda _app, name, **_: f"publish {name}")


def read_journal(journal: Path) -> list[str]:
    """Return the labels of the points that were reached, in order."""
    lines = journal.read_text().splitlines() if journal.exists() else []
    numbers, labels = zip(*(line.split(" ", 1) for line in lines), strict=True) if lines else ((), ())
    assert list(numbers) == [str(number + 1) for number in range(len(lines))]
    return list(labels)


def _set_in_statements(points: Points) -> None:
    """Set a point before each statement, and one behind it where it commits by itself."""
    for name in ("execute", "executemany"):
        real = getattr(psycopg.Cursor, name)

        @functools.wraps(real)
        def run(cursor: Any, query: Any, *args: Any, _real: Any = real, **options: Any) -> Any:
            # A transaction that Django has begun, but that has run nothing yet, is idle, too: it has autocommit off.
            idle = cursor.connection.info.transaction_status == TransactionStatus.IDLE
            label = _in_short(query)
            points.reach(label)
            result = _real(cursor, query, *args, **options)
            if idle and cursor.connection.autocommit:
                points.reach(f"committed: {label}")
            return result

        setattr(psycopg.Cursor, name, run)

    copy = psycopg.Cursor.copy

    @functools.wraps(copy)
    def run_copy(cursor: Any, query: Any, *args: Any, **options: Any) -> Any:
        points.reach(_in_short(query))
        return copy(cursor, query, *args, **options)

    setattr(psycopg.Cursor, copy.__name__, run_copy)


def _set_around(points: Points, owner: Any, name: str, label_of: Any) -> None:
    real = getattr(owner, name)

    @functools.wraps(real)
    def call(*args: Any, **options: Any) -> Any:
        label = label_of(*args, **options)
        points.reach(f"before {label}")
        result = real(*args, **options)
        points.reach(f"after {label}")
        return result

    setattr(owner, name, call)


def _in_short(query: Any) -> str:
    """Return the head of a statement, the same in every run: the names of savepoints and snapshots differ."""
    text = query.as_string() if isinstance(query, Composable) else query
    text = text.decode() if isinstance(text, bytes) else str(text)
    return re.sub(r"'[0-9A-F]+-[0-9A-F]+-\d+'|\d+", "n", " ".join(text.split()))[:LABEL_CHARACTERS]


def _address(request: Any) -> str:
    path = re.sub(r"(?<=_)[0-9a-f]{20,}", "n", str(request.path_url).split("?")[0])
    return f"{request.method} {path}"
