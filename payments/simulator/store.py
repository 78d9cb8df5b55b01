"""The simulator's memory: documents in SQLite, written before an answer leaves, so that kill -9 loses nothing."""

import json
import sqlite3
from pathlib import Path
from typing import Any

type Document = dict[str, Any]

KEY_RETENTION_SECONDS = 24 * 3600  # as long as Stripe keeps idempotency keys

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (seq INTEGER PRIMARY KEY, id TEXT UNIQUE, kind TEXT, body TEXT);
CREATE INDEX IF NOT EXISTS documents_kind ON documents (kind, seq);
CREATE TABLE IF NOT EXISTS keys (key TEXT PRIMARY KEY, request TEXT, status INTEGER, body TEXT, created INTEGER);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER);
"""


class Store:
    """Documents by id and kind, answers by idempotency key, counters by name."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        # WAL with NORMAL survives the death of the process, which is all that is simulated.
        self._db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + _SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def clear(self) -> None:
        """Forget everything."""
        for table in ("documents", "keys", "counters"):
            self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - our own words

    def begin(self) -> None:
        """Start a transaction: what one request changes is written together, or not at all."""
        self._db.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Keep what was written since :meth:`begin`."""
        self._db.execute("COMMIT")

    def rollback(self) -> None:
        """Drop what was written since :meth:`begin`."""
        self._db.execute("ROLLBACK")

    def put(self, kind: str, document: Document) -> None:
        """Write a document under its id; a new one comes last in its kind."""
        self._db.execute(
            "INSERT INTO documents (id, kind, body) VALUES (?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            (document["id"], kind, json.dumps(document)),
        )

    def get(self, kind: str, document_id: str) -> Document | None:
        """Read a document."""
        row = self._db.execute("SELECT body FROM documents WHERE id = ? AND kind = ?", (document_id, kind)).fetchone()
        return None if row is None else json.loads(row[0])

    def all(self, kind: str) -> list[Document]:
        """Read every document of a kind, the oldest first."""
        rows = self._db.execute("SELECT body FROM documents WHERE kind = ? ORDER BY seq", (kind,))
        return [json.loads(row[0]) for row in rows]

    def remove(self, kind: str, document_id: str) -> None:
        """Drop a document."""
        self._db.execute("DELETE FROM documents WHERE id = ? AND kind = ?", (document_id, kind))

    def answer(self, key: str, *, now: int) -> tuple[str, int, Document] | None:
        """Return (request, status, body) stored under an idempotency key that is not too old."""
        self._db.execute("DELETE FROM keys WHERE created < ?", (now - KEY_RETENTION_SECONDS,))
        row = self._db.execute("SELECT request, status, body FROM keys WHERE key = ?", (key,)).fetchone()
        return None if row is None else (row[0], row[1], json.loads(row[2]))

    def keep_answer(self, key: str, request: str, status: int, body: Document, *, now: int) -> None:
        """Store what was answered under a key."""
        self._db.execute("INSERT INTO keys VALUES (?, ?, ?, ?, ?)", (key, request, status, json.dumps(body), now))

    def counter(self, name: str) -> int:
        """Return a counter."""
        return self.count(name, 0)

    def count(self, name: str, by: int = 1) -> int:
        """Add to a counter and return it."""
        row = self._db.execute(
            "INSERT INTO counters VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value"
            " RETURNING value",
            (name, by),
        ).fetchone()
        return int(row[0])
