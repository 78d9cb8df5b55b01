"""The whole service as it runs, on the benchmark's own database server, with a PSP that answers at once."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from config.bench import pgbench
from config.bench.server import Server
from config.services.databases import ensure_login_role
from config.services.leftovers import BASE_DIR
from config.services.servers import Database
from config.services.stack import Stack

DATABASE = "checkout"
SKUS = tuple(f"BENCH-{number:03d}" for number in range(200))
UNITS = 10_000_000
DRAIN_SECONDS = 120.0

# What we act on: at Stripe an endpoint is told which events it gets, too (docs/payments.md).
EVENTS = ("payment_intent.succeeded", "payment_intent.payment_failed")
SETTINGS = {"API_REQUESTS_PER_MINUTE": "0"}

_STOCK_UP = f"""
import django; django.setup()
from datetime import UTC, datetime
from django_subatomic.db import transaction
from checkout.add_product import add_product
now = datetime.now(UTC)
with transaction():
    for sku in {SKUS!r}:
        add_product(
            sku=sku, name=sku, description="", prices={{"EUR": 1290}}, on_hand={UNITS}, reference="bench", now=now
        )
"""


@dataclass(frozen=True, slots=True)
class Stand:
    """The running service, and the tables of the TPC-B-like work beside its own."""

    stack: Stack
    server: Server
    tpcb_url: str

    def settle(self) -> None:
        """Do what autovacuum and the checkpointer do in their time: they are off while we measure."""
        self.server.run("VACUUM (ANALYZE)", database=DATABASE)
        self.server.run("CHECKPOINT", database=DATABASE)

    def write_past(self, orders: int) -> None:
        """Have the shop have sold so many before: copies of one that was bought here."""
        self.server.run_program("config.bench.checkout.past", orders, database=DATABASE)
        self.settle()

    def drain(self) -> None:
        """Wait until every order's webhook has come and has had its effect.

        :raises TimeoutError: it took too long.
        """
        deadline = time.monotonic() + DRAIN_SECONDS
        while left := self.server.ask(_LEFT, database=DATABASE):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{left} webhooks still open after {DRAIN_SECONDS:.0f} s")
            time.sleep(0.02)


# Not of the shop's past: its keys are negative.
_LEFT = """
SELECT
    (SELECT count(*) FROM checkout_order AS o WHERE o.id > 0)
    - (SELECT count(*) FROM exactly_once_inboxevent AS e WHERE e.id > 0 AND e.state = 'processed')
"""


@contextmanager
def stand(*, server: Server, root: Path, tpcb_scale: int, web_workers: int) -> Iterator[Stand]:
    """Start it, with a shelf of its own."""
    server.create(DATABASE)
    owner_url = server.owner_url(DATABASE)
    owner = {**os.environ, "DATABASE_URL": owner_url, "DATABASE_POOL_SIZE": "0"}
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity=0"], cwd=BASE_DIR, env=owner, check=True)
    ensure_login_role(owner_url=owner_url)
    for extension in ("pg_stat_statements", "pg_walinspect"):
        server.run(f"CREATE EXTENSION {extension}", database=DATABASE)
    server.create("tpcb")
    tpcb_url = server.owner_url("tpcb")
    pgbench.initialise(url=tpcb_url, scale=tpcb_scale)
    database = Database(owner_url=owner_url, app_url=server.url(DATABASE))
    with Stack(state_dir=root, database=database, environment=SETTINGS, web_workers=web_workers) as stack:
        environment = {**owner, "DJANGO_SETTINGS_MODULE": "config.settings"}
        subprocess.run([sys.executable, "-c", _STOCK_UP], cwd=BASE_DIR, env=environment, check=True)
        only = {"events": list(EVENTS)}
        httpx.post(f"{stack.simulator_url}/_simulator/webhooks", json=only).raise_for_status()
        yield Stand(stack, server, tpcb_url)
