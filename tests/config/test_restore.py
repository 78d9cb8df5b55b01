"""The drill of docs/backup.md: a shop sells, is destroyed, and is restored to a moment before that."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

from config.services.databases import GROUP_ROLE, ensure_database
from config.services.postgres import OWNER_ROLE, Cluster, run_program
from config.services.servers import Database
from config.services.stack import BEAT_PROCESS, Stack
from tests.campaigns import PROCESSES
from tests.servers import STATE_DIR
from tests.shop import PATIENCE_SECONDS, Shop, shop_at
from tests.waiting import eventually

pytestmark = PROCESSES.only

ROOT = STATE_DIR / "restore"
KEPT = ROOT / "kept"  # another machine's
ARCHIVE = KEPT / "archive"
BACKUP = KEPT / "backup"
ARCHIVING = {
    "archive_mode": "on",
    "archive_command": f"test ! -f {ARCHIVE}/%f && cp %p {ARCHIVE}/%f.part && mv {ARCHIVE}/%f.part {ARCHIVE}/%f",
    "archive_timeout": "60",
}
LOST_REPLY = "pm_tally_dropReply"


@dataclass
class Sales:
    """What was sold, by when that was."""

    before_backup: dict[str, Any]
    after_backup: dict[str, Any]
    under_way: dict[str, Any]
    too_late: dict[str, Any]
    moment: datetime


def database_of(cluster: Cluster) -> Database:
    owner_url = cluster.url(role=OWNER_ROLE, database="tally")
    return Database(owner_url, f"{owner_url}?options={quote(f'-c role={GROUP_ROLE}')}")


def shop_on(cluster: Cluster, *, without: frozenset[str] = frozenset()) -> Stack:
    return Stack(state_dir=ROOT / "service", database=database_of(cluster), without=without)


def ask(cluster: Cluster, query: str) -> Any:
    with psycopg.connect(cluster.url(role=OWNER_ROLE, database="tally"), autocommit=True) as session:
        row = session.execute(query.encode()).fetchone()
    return row[0] if row else None


@pytest.fixture
def cluster() -> Any:
    """A server that archives its log, as docs/backup.md has it."""
    cluster = Cluster(ROOT / "postgres", ROOT / "postgres.log", ARCHIVING)
    restored = Cluster(BACKUP, ROOT / "restored.log", ARCHIVING)
    for server in (cluster, restored):
        server.stop()
    shutil.rmtree(ROOT, ignore_errors=True)
    ARCHIVE.mkdir(parents=True)
    for folder in (KEPT, ARCHIVE):
        # The server's own user writes there, who is not us where we are root.
        folder.chmod(0o777)
    cluster.start()
    ensure_database(server_url=cluster.url(role=OWNER_ROLE, database="postgres"), name="tally")
    yield cluster
    for server in (cluster, restored):
        server.stop()


def take_base_backup(cluster: Cluster) -> None:
    options = ("--format=plain", "--checkpoint=fast", "--wal-method=stream")
    run_program("pg_basebackup", "-h", str(cluster.socket_dir), "-U", OWNER_ROLE, "-D", BACKUP, *options)
    run_program("pg_verifybackup", BACKUP)


def restore(*, to: datetime) -> Cluster:
    """Start the base backup as a server that replays the archive up to a moment."""
    settings = {
        "restore_command": f"cp {ARCHIVE}/%f %p",
        "recovery_target_time": to.isoformat(),
        "recovery_target_action": "promote",
    }
    with (BACKUP / "postgresql.auto.conf").open("a") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
    (BACKUP / "recovery.signal").touch()
    restored = Cluster(BACKUP, ROOT / "restored.log", ARCHIVING)
    restored.start()
    eventually(
        lambda: ask(restored, "SELECT pg_is_in_recovery()") is False,
        "the recovery ends",
        within_seconds=PATIENCE_SECONDS,
    )
    return restored


def sell(shop: Shop, between: Callable[[], None]) -> Sales:
    """Sell before the base backup and after it, lose a PSP's reply, note the time, and sell once more."""
    before = shop.open_session()
    assert shop.pay(before).status_code == 200
    between()
    after = shop.open_session()
    assert shop.pay(after).status_code == 200
    shop.psp.post("/_simulator/webhooks", json={"mode": "hold"}).raise_for_status()
    under_way = shop.open_session()
    assert shop.pay(under_way, LOST_REPLY).status_code == 202
    moment = shop.sql("SELECT clock_timestamp()")[0][0]
    too_late = shop.open_session()
    assert shop.pay(too_late).status_code == 200
    return Sales(before, after, under_way, too_late, moment)


def destroy(cluster: Cluster) -> None:
    """Do what people do."""
    with psycopg.connect(cluster.url(role=OWNER_ROLE, database="tally"), autocommit=True) as session:
        session.execute(sql.SQL("DROP TABLE {} CASCADE").format(sql.Identifier("ledger_entry")))
        (last,) = session.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone() or ("",)
    eventually((ARCHIVE / last).exists, "the log is archived", within_seconds=PATIENCE_SECONDS)
    cluster.stop()


def what_the_psp_says(shop: Shop, sales: Sales) -> list[tuple[str, str, int]]:
    """Read the PSP's settlement from the day before on; return the breaks that it opens."""
    since = (sales.moment - timedelta(days=1)).date().isoformat()
    done = shop.manage("settlement_import", "--psp", "stripe", "--since", since)
    assert done.returncode == 0, done.stderr
    return shop.sql("SELECT kind, psp_reference, amount_minor FROM payments_break ORDER BY id")


def test_what_was_acknowledged_before_the_moment_is_there_and_the_psp_tells_of_the_rest(cluster: Cluster) -> None:
    # Given a shop that is destroyed after some sales
    with shop_on(cluster, without=frozenset({BEAT_PROCESS})) as stack, shop_at(stack) as shop:
        sales = sell(shop, between=lambda: take_base_backup(cluster))
        [lost] = shop.charges_of(sales.too_late)
        destroy(cluster)
    # When it is restored to a moment between them
    restored = restore(to=sales.moment)
    with shop_on(restored) as stack, shop_at(stack) as shop:
        # Then every invariant holds, and what was acknowledged before the moment is there, once
        shop.verify()
        assert [shop.orders_of(session) for session in (sales.before_backup, sales.after_backup)] == [1, 1]
        assert [sum(e[3] for e in shop.postings_of(each)) for each in (sales.before_backup, sales.after_backup)] == [
            2 * 1290
        ] * 2
        # And what came after it is not
        assert shop.http.get(f"/api/v1/checkout-sessions/{sales.too_late['id']}").status_code == 404
        assert shop.charges_of(sales.too_late) == []
        # What was under way is found by the sweep, which asks the PSP: an order, and one charge
        eventually(
            lambda: shop.orders_of(sales.under_way) == 1,
            "the sweep has asked the PSP",
            within_seconds=PATIENCE_SECONDS,
        )
        assert [charge["captured_minor"] for charge in shop.charges_of(sales.under_way)] == [1290]
        # What the PSP took after the moment, its settlement names, and puts into suspense for a person to explain
        assert what_the_psp_says(shop, sales) == [("missing_internal", lost["payment"], 1290)]
        # Its webhooks come again and wait where people see them: they speak of what nobody knows
        shop.psp.post("/_simulator/webhooks", json={"mode": "live", "flush": True}).raise_for_status()
        parked = "SELECT DISTINCT last_error FROM exactly_once_inboxevent WHERE state = 'parked'"
        said = [(f"no attempt of ours is {lost['payment']}",)]
        eventually(lambda: shop.sql(parked) == said, "its webhooks are parked", within_seconds=PATIENCE_SECONDS)
        shop.verify()
        report = json.loads(shop.manage("verify", "--json").stdout)
        assert report["passed"] is True
