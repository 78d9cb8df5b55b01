"""The service as it runs, with the benchmark's own database server: web and broker, and nobody who takes work away."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.bench import pgbench
from config.bench.server import Server
from config.services.databases import ensure_login_role
from config.services.leftovers import BASE_DIR
from config.services.servers import Database
from config.services.stack import BEAT_PROCESS, RELAY_PROCESS, SIMULATOR_PROCESS, WORKER_PROCESS, Stack

DATABASE = "webhooks"
SOURCE = "bench"
# As the admin would, with its defaults.
_MAKE_SOURCE = f"""
INSERT INTO exactly_once_eventsource (name, enabled, has_handler, key_by, key_pointers)
VALUES ('{SOURCE}', true, false, 'id', '["/id"]')
"""
# Events wait in the inbox: what is measured is how fast they come in.
NOT_STARTED = frozenset({WORKER_PROCESS, BEAT_PROCESS, RELAY_PROCESS, SIMULATOR_PROCESS})
# Another file of settings, in which a plain view stands beside the service's own addresses; no limit but the machine's.
SETTINGS = {"DJANGO_SETTINGS_MODULE": "config.bench.webhooks.settings", "API_REQUESTS_PER_MINUTE": "0"}


@dataclass(frozen=True, slots=True)
class Stand:
    """Where the web server listens, and what opens its doors."""

    port: int
    webhook_secret: str
    api_key: str
    tpcb_url: str
    server: Server

    def settle(self) -> None:
        """Do what autovacuum and the checkpointer do in their time: they are off while we measure."""
        self.server.run("VACUUM (ANALYZE)", database=DATABASE)
        self.server.run("CHECKPOINT", database=DATABASE)


@contextmanager
def stand(*, server: Server, root: Path, tpcb_scale: int) -> Iterator[Stand]:
    """Start it, with a source of events, and with the tables of the TPC-B-like work in a database beside."""
    server.create(DATABASE)
    owner_url = server.owner_url(DATABASE)
    owner = {**os.environ, "DATABASE_URL": owner_url, "DATABASE_POOL_SIZE": "0"}
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity=0"], cwd=BASE_DIR, env=owner, check=True)
    ensure_login_role(owner_url=owner_url)
    server.create("tpcb")
    tpcb_url = server.owner_url("tpcb")
    pgbench.initialise(url=tpcb_url, scale=tpcb_scale)
    app_url = server.url(DATABASE)
    database = Database(owner_url=owner_url, app_url=app_url)
    with Stack(state_dir=root, database=database, environment=SETTINGS, without=NOT_STARTED) as stack:
        server.run(_MAKE_SOURCE, database=DATABASE)
        secret = stack.state.secrets()["STRIPE_WEBHOOK_SECRET"]
        yield Stand(stack.ports.web, secret, stack.api_key, tpcb_url, server)
