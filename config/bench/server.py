"""The benchmark's own PostgreSQL server, tuned and durable, which leaves nothing behind.

Not here: what is measured on it (ledger/), and the server of `manage.py up` (config/services/).
"""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from config.services.databases import LOGIN_ROLE
from config.services.leftovers import BASE_DIR
from config.services.postgres import OWNER_ROLE, Cluster

# Every commit is flushed to disk before it is answered, as in production. The rest keeps what comes by itself out of
# the short runs: all data fit into memory, no checkpoint falls due (so neither side writes full pages), and nothing is
# vacuumed but between the cases. Whatever is set here is set for both sides.
PARAMETERS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "2GB",
    "wal_buffers": "64MB",
    "max_wal_size": "64GB",
    "checkpoint_timeout": "1d",
    "autovacuum": "off",
}
# What the log must reach before a commit counts: without these the figures would be worth nothing.
DURABLE = ("fsync", "synchronous_commit", "full_page_writes")


class AnotherRuns(Exception):
    """A benchmark runs in this state directory; two at once would measure each other."""


@dataclass(frozen=True, slots=True)
class Server:
    """The running server."""

    cluster: Cluster

    def url(self, database: str, *, role: str = LOGIN_ROLE) -> str:
        """Return a libpq URL: by default as the application, which may only call the posting functions."""
        return self.cluster.url(role=role, database=database)

    def owner_url(self, database: str) -> str:
        """Return the URL of the tables' owner."""
        return self.url(database, role=OWNER_ROLE)

    def create(self, database: str, *, template: str = "template1") -> None:
        """Create a database, a copy of another where one is named."""
        with psycopg.connect(self.owner_url("postgres"), autocommit=True) as connection:
            statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            connection.execute(statement.format(sql.Identifier(database), sql.Identifier(template)))

    def ask(self, query: str, *arguments: Any, database: str) -> Any:
        """Return the first column of the query's one row, as the owner."""
        return self.ask_row(query, *arguments, database=database)[0]

    def ask_row(self, query: str, *arguments: Any, database: str) -> tuple[Any, ...]:
        """Return the query's one row, as the owner."""
        with psycopg.connect(self.owner_url(database), autocommit=True) as connection:
            row = connection.execute(query.encode(), arguments or None).fetchone()
        assert row is not None
        return row

    def run(self, statement: str, *, database: str) -> None:
        """Run one statement as the owner, outside a transaction."""
        with psycopg.connect(self.owner_url(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def run_program(self, module: str, *arguments: object, database: str) -> bytes:
        """Run a program of ours to its end, as the owner of a database; return what it printed.

        :raises subprocess.CalledProcessError: it failed.
        """
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": self.owner_url(database),
            "DATABASE_OWNER_URL": self.owner_url(database),
            "DATABASE_POOL_SIZE": "0",
            "DATABASE_STATEMENT_TIMEOUT_SECONDS": "0",
            "LOG_LEVEL": "CRITICAL",
        }
        program = [sys.executable, "-m", module, *map(str, arguments)]
        return subprocess.run(program, cwd=BASE_DIR, env=environment, check=True, stdout=subprocess.PIPE).stdout

    def parameters(self) -> dict[str, str]:
        """Return what the server itself says about its parameters."""
        names = [*PARAMETERS, "wal_level", "server_version"]
        return {name: str(self.ask("SELECT current_setting(%s)", name, database="postgres")) for name in names}


@contextmanager
def own_server(state_dir: Path, *, more: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Start the server in a new data directory, and remove both in the end.

    :param more: parameters beside :data:`PARAMETERS`.
    :raises AnotherRuns: a benchmark runs in this state directory.
    :raises ServerFailedError: it did not start.
    """
    root = state_dir / "bench"
    root.mkdir(parents=True, exist_ok=True)
    cluster = Cluster(root / "postgres", root / "postgres.log", {**PARAMETERS, **(more or {})})
    with (root / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AnotherRuns from None
        # A benchmark that was killed left its server running.
        _remove(cluster)
        try:
            cluster.start()
            server = Server(cluster)
            parameters = server.parameters()
            assert all(parameters[name] == "on" for name in DURABLE), parameters
            yield server
        finally:
            _remove(cluster)


def _remove(cluster: Cluster) -> None:
    cluster.stop()
    shutil.rmtree(cluster.data_dir, ignore_errors=True)
