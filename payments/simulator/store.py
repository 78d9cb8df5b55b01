"""The simulator's memory: documents in SQLite, written before an answer leaves, so that kill -9 loses nothing."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

type Document = dict[str, Any]

_TABLES = {
    "documents": "seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, kind TEXT, body TEXT",
    "metadata": "document TEXT, name TEXT, value TEXT",
    "keys": "key TEXT PRIMARY KEY, request TEXT, status INTEGER, body TEXT, until INTEGER",
    "met_keys": "key TEXT PRIMARY KEY",
    "counters": "name TEXT PRIMARY KEY, value INTEGER",
    "settings": "name TEXT PRIMARY KEY, value INTEGER",
}
# What tells what has to be decided: it is asked several times a second, whatever else has been written by then.
_STATUS = "json_extract(body, '$.status')"
_INDEXES = {
    "documents_index": "documents (kind, seq)",
    "statuses_index": f"documents (kind, {_STATUS}, seq)",
    "metadata_index": "metadata (name, value)",
    "keys_index": "keys (until)",
}


class Store:
    """Documents by id, kind and metadata; answers by idempotency key; counters and settings by name."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        # WAL with NORMAL survives the death of the process, which is all that is simulated.
        self._db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")
        for table, columns in _TABLES.items():
            self._db.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns})")
        for name, place in _INDEXES.items():
            self._db.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {place}")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def clear(self) -> None:
        """Forget everything but the settings."""
        with self.transaction():
            for table in _TABLES.keys() - {"settings"}:
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - our own words

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write what one request changes together, or not at all."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def add(self, document: Document, kind: str | None = None) -> None:
        """Write a new document, the last of its kind, to be found by its id and its metadata."""
        self._db.execute(
            "INSERT INTO documents (id, kind, body) VALUES (?, ?, ?)",
            (document["id"], kind or document["object"], json.dumps(document)),
        )
        pairs = [(document["id"], name, value) for name, value in document.get("metadata", {}).items()]
        self._db.executemany("INSERT INTO metadata VALUES (?, ?, ?)", pairs)

    def put(self, document: Document) -> None:
        """Write a document that is there, as it is now."""
        self._db.execute("UPDATE documents SET body = ? WHERE id = ?", (json.dumps(document), document["id"]))

    def get(self, kind: str, document_id: str | None) -> Document | None:
        """Read a document."""
        found = self._read("WHERE id = ? AND kind = ?", document_id, kind)
        return found[0] if found else None

    def all(self, kind: str) -> list[Document]:
        """Read every document of a kind, the oldest first."""
        return self._read("WHERE kind = ? ORDER BY seq", kind)

    def in_status(self, kind: str, status: str) -> list[Document]:
        """Read the documents of a kind that are in a status, the oldest first."""
        return self._read(f"WHERE kind = ? AND {_STATUS} = ? ORDER BY seq", kind, status)

    def newer(self, kind: str, seq: int) -> tuple[list[Document], int]:
        """Read the documents of a kind that were added after ``seq``, and return the last one's seq to go on from."""
        last = self._db.execute("SELECT max(seq) FROM documents WHERE kind = ?", (kind,)).fetchone()[0] or seq
        return self._read("WHERE kind = ? AND seq > ? ORDER BY seq", kind, seq), max(seq, last)

    def with_metadata(self, kind: str, name: str, value: str) -> list[Document]:
        """Read the documents of a kind whose metadata has this value, the oldest first."""
        marked = "id IN (SELECT document FROM metadata WHERE name = ? AND value = ?)"
        # The plus keeps SQLite from reading all of the kind in order instead of these few.
        return self._read(f"WHERE {marked} AND +kind = ? ORDER BY seq", name, value, kind)

    def remove(self, kind: str, document_id: str) -> None:
        """Drop a document."""
        self._db.execute("DELETE FROM documents WHERE id = ? AND kind = ?", (document_id, kind))

    def answer(self, key: str, *, now: int) -> tuple[str, int, Document] | None:
        """Return (request, status, body) stored under an idempotency key that has not expired."""
        self._db.execute("DELETE FROM keys WHERE until < ?", (now,))
        row = self._db.execute("SELECT request, status, body FROM keys WHERE key = ?", (key,)).fetchone()
        return None if row is None else (row[0], row[1], json.loads(row[2]))

    def keep_answer(self, key: str, request: str, status: int, body: Document, *, until: int) -> None:
        """Store what was answered under a key."""
        self._db.execute("INSERT INTO keys VALUES (?, ?, ?, ?, ?)", (key, request, status, json.dumps(body), until))

    def meet(self, key: str) -> bool:
        """Note that a request with this key has come; return whether it is the first."""
        return self._db.execute("INSERT OR IGNORE INTO met_keys VALUES (?)", (key,)).rowcount == 1

    def count(self, name: str, by: int = 1) -> int:
        """Add to a counter and return it."""
        row = self._db.execute(
            "INSERT INTO counters VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value"
            " RETURNING value",
            (name, by),
        ).fetchone()
        return int(row[0])

    def setting(self, name: str) -> int:
        """Return a setting; 0 where it was never set."""
        row = self._db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return 0 if row is None else int(row[0])

    def set(self, name: str, value: int) -> None:
        """Keep a setting."""
        self._db.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, value))

    def _read(self, condition: str, *values: str | int | None) -> list[Document]:
        rows = self._db.execute(f"SELECT body FROM documents {condition}", values)  # noqa: S608 - our own words
        return [json.loads(row[0]) for row in rows]
