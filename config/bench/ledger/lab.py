"""The databases that the ledger's benchmark works on, each made when it is first asked for."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec

from config.bench import pgbench
from config.bench.ledger.books import BOOK, HOT, HOT_STRIPES
from config.bench.ledger.load import load
from config.bench.server import Server
from config.services.databases import ensure_login_role
from config.services.leftovers import BASE_DIR


@dataclass
class Lab:
    """A server with what is measured on it.

    :param accounts: customers in the books.
    :param tpcb_scale: branches of the TPC-B-like work. As each of its transactions updates a branch, with fewer than
        clients it would wait for itself, and we would look good.
    """

    server: Server
    accounts: int
    tpcb_scale: int
    _made: set[str] = field(default_factory=set)

    @cached_property
    def tpcb(self) -> str:
        """Return the URL of the database of pgbench's own work."""
        self.server.create("tpcb")
        url = self.server.owner_url("tpcb")
        pgbench.initialise(url=url, scale=self.tpcb_scale)
        return url

    @cached_property
    def _books(self) -> str:
        """Return the name of the database with opened and empty books, which the others are copies of."""
        self.server.create("books")
        owner_url = self.server.owner_url("books")
        self._run(
            "config.bench.ledger.books",
            str(self.accounts),
            environment={**self._tally_environment("books"), "DATABASE_URL": owner_url, "DATABASE_POOL_SIZE": "0"},
        )
        ensure_login_role(owner_url=owner_url)
        return "books"

    def fresh(self, name: str) -> str:
        """Return the name of a new database with empty books, in place of an older one of this name."""
        if name in self._made:
            self.server.run(f"DROP DATABASE {name}", database="postgres")
        self.server.create(name, template=self._books)
        self._made.add(name)
        self.settle(name)
        return name

    def striped(self, name: str) -> str:
        """Return the name of one whose hot account has stripes."""
        database = self.fresh(name)
        stripes = f"SELECT ledger_raise_stripes('{BOOK}', '{HOT}', 'EUR', {HOT_STRIPES}::smallint)"
        self.server.run(stripes, database=database)
        return database

    def loaded(self, name: str, *, entries: int) -> str:
        """Return the name of one with existing entries."""
        database = self.fresh(name)
        load(url=self.server.owner_url(database), entries=entries, accounts=self.accounts)
        self.settle(database)
        return database

    def settle(self, database: str) -> None:
        """Vacuum and analyse, as autovacuum would in its time: it is off while we measure."""
        self.server.run("VACUUM (ANALYZE)", database=database)

    @cached_property
    def hordak(self) -> str | None:
        """Return the name of django-hordak's database, None where the package is not installed."""
        if find_spec("hordak") is None:
            return None
        self.server.create("hordak")
        self.python("hordak", "config.bench.ledger.hordak_client", "migrate")
        self.settle("hordak")
        return "hordak"

    def python(self, database: str, module: str, *arguments: str) -> str:
        """Run one of our programs on a database, and return what it printed."""
        environment = self._hordak_environment if database == "hordak" else self._tally_environment(database)
        return self._run(module, *arguments, environment=environment)

    @staticmethod
    def _run(module: str, *arguments: str, environment: Mapping[str, str]) -> str:
        command = [sys.executable, "-m", module, *arguments]
        result = subprocess.run(command, cwd=BASE_DIR, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        return result.stdout

    def _tally_environment(self, database: str) -> dict[str, str]:
        """Return the environment of a process of Tally's that works on a database as the application does."""
        kept = {name: value for name, value in os.environ.items() if name != "DATABASE_OWNER_URL"}
        return {**kept, "DATABASE_URL": self.server.url(database), "DJANGO_SETTINGS_MODULE": "config.settings"}

    @property
    def _hordak_environment(self) -> dict[str, str]:
        """Return the environment of a process of django-hordak's, which owns its tables."""
        url = self.server.owner_url("hordak")
        return {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.bench.ledger.hordak_settings"}
