"""The database that stock is measured on: goods on the shelves, and sessions whose carts are to be held."""

import os
import subprocess
import sys
from dataclasses import dataclass

from config.bench import pgbench
from config.bench.pgbench import Script
from config.bench.server import Server
from config.services.databases import ensure_login_role
from config.services.leftovers import BASE_DIR

DATABASE, TPCB = "stock", "tpcb"
KINDS = 200
UNITS = 1_000_000_000

_STOCK_UP = f"""
import django; django.setup()
from datetime import UTC, datetime
from django_subatomic.db import transaction
from checkout.add_product import add_product
now = datetime.now(UTC)
said = {{"description": "", "prices": {{"EUR": 1290}}, "reference": "bench", "now": now}}
with transaction():
    for number in range({KINDS}):
        add_product(sku=f"BENCH-{{number}}", name=f"BENCH-{{number}}", on_hand={UNITS}, **said)
"""

# A cart each; what was asked and priced is not of interest here.
_SESSIONS = """
INSERT INTO checkout_checkoutsession (
    id, public_id, client, book, state, recovery_point, customer, buyer_email, buyer_name, next_action_url,
    compensation,
    currency, subtotal_minor, discount_minor, fulfillment_minor, tax_minor, total_minor, discount_code, discount_title,
    fulfillment_option, fulfillment_name, shipping_discount_minor, shipping_tax_minor, shipping_taxes, shipping_address,
    created_at, updated_at, expires_at
)
SELECT
    n, 'chk_' || n, 'cli_bench', 'shop', 'ready_for_complete', 'started', '', '', '', '', '',
    'EUR', 0, 0, 0, 0, 0, '', '', '', '', 0, 0, '[]', '{}', now(), now(), now()
FROM generate_series(1, %s) AS n
"""

# Two transactions, as in a checkout: units are held before the PSP is asked, and are the order's afterwards.
_BUY = """
\\set variant :first + random(0, :kinds - 1)
SELECT checkout_hold_stock(
    nextval('bench_session'), ARRAY[:variant]::bigint [], ARRAY[1]::integer [], 'bench', now() + interval '1 h', now()
);
UPDATE checkout_reservation SET state = 'committed' WHERE session_id = currval('bench_session') AND state = 'held';
"""


def buying(*, first: int, kinds: int) -> Script:
    """Return the work of one buyer, of one of so many variants whose ids follow each other."""
    return Script(_BUY, {"first": first, "kinds": kinds})


def openings(*, sessions: int) -> tuple[str, ...]:
    """Return the statements that make sessions of the ids from 1 on, and the sequence that gives each to one buyer."""
    return (
        f"SET session_replication_role = replica; {_SESSIONS % sessions}",
        "CREATE SEQUENCE bench_session; GRANT USAGE ON SEQUENCE bench_session TO tally_app",
    )


@dataclass(frozen=True, slots=True)
class Shelves:
    """The database, and the tables of the TPC-B-like work beside it."""

    server: Server
    first: int  # of the variants' ids, which follow each other

    def buys(self, *, kinds: int, clients: int, seconds: float) -> float:
        """Return how many buyers a second got a unit of one of so many things."""
        script = buying(first=self.first, kinds=kinds)
        return pgbench.script_rate(url=self.server.url(DATABASE), script=script, clients=clients, seconds=seconds)

    def tpcb(self, *, clients: int, seconds: float) -> float:
        """Return how many TPC-B-like transactions a second were made."""
        return pgbench.tpcb_rate(url=self.server.owner_url(TPCB), clients=clients, seconds=seconds)

    def settle(self) -> None:
        """Vacuum and analyse, as autovacuum would in its time: it is off while we measure."""
        self.server.run("VACUUM (ANALYZE)", database=DATABASE)

    def is_right(self) -> bool:
        """Whether every unit that was held is a buyer's, and the shelf knows."""
        wrong = """
        SELECT count(*) FROM checkout_stockitem AS s
        WHERE s.reserved <> (
            SELECT count(*) FROM checkout_reservation AS r WHERE r.stock_item_id = s.id AND r.state = 'committed'
        )
        """
        return int(self.server.ask(wrong, database=DATABASE)) == 0


def prepare(*, server: Server, sessions: int, tpcb_scale: int) -> Shelves:
    """Make both databases."""
    server.create(DATABASE)
    owner_url = server.owner_url(DATABASE)
    owner = {**os.environ, "DATABASE_URL": owner_url, "DATABASE_POOL_SIZE": "0"}
    owner |= {"DJANGO_SETTINGS_MODULE": "config.settings"}
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity=0"], cwd=BASE_DIR, env=owner, check=True)
    ensure_login_role(owner_url=owner_url)
    subprocess.run([sys.executable, "-c", _STOCK_UP], cwd=BASE_DIR, env=owner, check=True)
    for statement in openings(sessions=sessions):
        server.run(statement, database=DATABASE)
    server.create(TPCB)
    pgbench.initialise(url=server.owner_url(TPCB), scale=tpcb_scale)
    return Shelves(server, int(server.ask("SELECT min(id) FROM checkout_variant", database=DATABASE)))
