"""The place where processes die: a nursery, a PSP simulator, a broker, and the state in which a scenario begins."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import kombu
import psycopg
from psycopg import sql
from psycopg.errors import ObjectInUse

from config.services import commands, valkey
from config.services.databases import GROUP_ROLE
from config.services.leftovers import BASE_DIR, Record
from config.services.processes import Process
from tests.crash.points import read_journal
from tests.crash.scenarios import RECEIVER
from tests.crash.state import plain
from tests.exactly_once.receiver import Receiver, receiving
from tests.processes import Program, running, simulator

# What the processes connect to, as the application; made anew for each.
DATABASE = "tally_crash"
EMPTY = "tally_crash_empty"  # all tables, no rows
PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: by which signal, 0 for none, and after which points."""

    signal: int
    reached: list[str]


@dataclass
class Bench:
    """Runs a scenario to its end or to one of its points, each time from the same state.

    :param server_url: of any database but the copied ones, as a role that may create databases.
    """

    server_url: str
    directory: Path
    psp: Program
    broker_url: str
    nursery: "Nursery"
    merchant: Receiver
    _facts: dict[str, Any] = field(default_factory=dict)

    def live(self, scenario: str, *, fatal: int | None = None, broken: str | None = None) -> Ended:
        """Put everything back to where the scenario begins, and run it; with ``fatal``, until it dies there."""
        with kombu.Connection(self.broker_url) as broker:
            channel: Any = broker.default_channel
            channel.client.flushall()
        shutil.rmtree(self.directory / "mail", ignore_errors=True)
        (self.directory / "feed.jsonl").unlink(missing_ok=True)
        self.merchant.got.clear()
        if scenario in self._facts:
            self._restore(scenario)
        else:
            self._prepare(scenario)
        journal = self.directory / "journal"
        journal.unlink(missing_ok=True)
        order = {"scenario": scenario, "facts": self._facts[scenario], "journal": str(journal), "fatal": fatal}
        told = self.nursery.order(do="act", broken=broken, **order)
        return Ended(told["signal"], read_journal(journal))

    def recover(self, scenario: str, ended: Ended, *, first: str, broken: str | None = None) -> dict[str, Any]:
        """Let the others bring everything to its end; return the ``state`` and what is ``wrong`` with it."""
        order = {"scenario": scenario, "facts": self._facts[scenario], "reached": ended.reached, "first": first}
        result: dict[str, Any] = self.nursery.order(do="recover", broken=broken, **order)["result"]
        # A webhook may come twice; a merchant knows it by its id.
        webhooks = {headers["webhook-id"]: plain(body.decode()) for headers, body in self.merchant.got}
        result["state"]["webhooks"] = sorted(webhooks.values())
        return result

    def _prepare(self, scenario: str) -> None:
        """Bring about what has happened before, and keep a copy of it."""
        self.copy_database(EMPTY, DATABASE)
        httpx.delete(f"{self.psp.url}/_simulator/data", timeout=30).raise_for_status()
        self._facts[scenario] = self.nursery.order(do="prepare", scenario=scenario)["result"]
        self.copy_database(DATABASE, f"{DATABASE}_{scenario}")
        kept = self._psp_copy(scenario)
        kept.unlink(missing_ok=True)
        with closing(sqlite3.connect(self._psp_file)) as record:
            record.execute("VACUUM INTO ?", [str(kept)])

    def _restore(self, scenario: str) -> None:
        self.copy_database(f"{DATABASE}_{scenario}", DATABASE)
        # The simulator keeps nothing in mind that stands in its file, so the file can be changed behind its back.
        with closing(sqlite3.connect(self._psp_file, isolation_level=None, timeout=30)) as record:
            record.execute("ATTACH ? AS kept", [str(self._psp_copy(scenario))])
            record.execute("BEGIN IMMEDIATE")
            tables = "SELECT name FROM kept.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            for (table,) in record.execute(tables).fetchall():
                record.execute(f"DELETE FROM main.{table}")
                record.execute(f"INSERT INTO main.{table} SELECT * FROM kept.{table}")
            record.execute("COMMIT")

    @property
    def _psp_file(self) -> Path:
        return self.directory / "simulator.sqlite"

    def _psp_copy(self, scenario: str) -> Path:
        return self.directory / f"simulator-{scenario}.sqlite"

    def copy_database(self, source: str, target: str) -> None:
        """Copy a database that nobody is connected to."""
        with psycopg.connect(self.server_url, autocommit=True) as server:
            _drop(server, target)
            copy = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
            server.execute(copy.format(sql.Identifier(target), sql.Identifier(source)))


def _drop(server: psycopg.Connection, database: str) -> None:
    """Drop a database and its slots; the session of a process that was killed may hold one for a moment."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))
        except ObjectInUse:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


class Nursery:
    """The process that everything is forked from."""

    def __init__(self, log: Path, environment: dict[str, str]) -> None:
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.crash.nursery"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=BASE_DIR,
                env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **environment},
                text=True,
                bufsize=1,
            )

    def order(self, **order: Any) -> dict[str, Any]:
        """Have a child carry out an order; return what became of it.

        :raises AssertionError: something was raised there.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        told: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert "error" not in told, told["error"]
        return told

    def close(self) -> None:
        """End it."""
        self._process.communicate(timeout=10)


@contextmanager
def bench_at(directory: Path, *, server_url: str, migrated: str) -> Iterator[Bench]:
    """Start what a bench needs, and stop it.

    :param migrated: a database with all tables and no rows, that nobody is connected to now.
    """
    directory.mkdir(parents=True, exist_ok=True)
    app_url = urlsplit(server_url)._replace(path=f"/{DATABASE}").geturl()
    command = commands.local(valkey.command(data_dir=directory))
    broker = Process("broker", command, {}, directory / "broker.log", Record(directory / "record"))
    psp = simulator(directory)
    environment = {
        "DATABASE_URL": f"{app_url}?options={quote(f'-c role={GROUP_ROLE}')}",
        "DATABASE_OWNER_URL": app_url,
        "DATABASE_POOL_SIZE": "0",  # a pool's threads would run statements at moments of their own
        "CELERY_BROKER_URL": valkey.broker_url(data_dir=directory),
        "STRIPE_API_BASE": psp.url,
        "STRIPE_WEBHOOK_SECRET": "whsec_crash",
        "EVENT_STREAM_URL": valkey.broker_url(data_dir=directory),
        "WEBHOOKS_ALLOW_PRIVATE": "yes",
        "TALLY_STATE_DIR": str(directory),
        "LOG_LEVEL": "WARNING",
    }
    with ExitStack() as held:
        merchant = held.enter_context(receiving())
        environment[RECEIVER] = merchant.url
        # They load at the same time.
        nursery = Nursery(directory / "nursery.log", environment)
        held.callback(nursery.close)
        broker.start()
        held.callback(broker.kill9)
        held.enter_context(running(psp))
        bench = Bench(server_url, directory, psp, environment["CELERY_BROKER_URL"], nursery, merchant)
        bench.copy_database(migrated, EMPTY)
        yield bench
        # A slot that nobody reads any more would have the server keep its log for ever.
        with psycopg.connect(server_url, autocommit=True) as server:
            _drop(server, DATABASE)
