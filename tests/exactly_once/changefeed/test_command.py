"""``manage.py changefeed`` as a process: it delivers, reports, ends when told to, and says what to do if it cannot."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from django.core.management import CommandError, call_command

from config.services.leftovers import BASE_DIR
from exactly_once.changefeed.sinks.jsonl import JsonlSink
from exactly_once.changefeed.sinks.postgres import PostgresSink
from tests.exactly_once.changefeed.conftest import Follow, drain
from tests.exactly_once.changefeed.fold import file_rows, table_rows
from tests.exactly_once.changefeed.names import SLOT
from tests.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)


def command(owner: psycopg.Connection, *arguments: str) -> subprocess.Popen[str]:
    info = owner.info
    url = f"postgresql://{info.user}@{quote(info.host, safe='')}:{info.port}/{info.dbname}"
    environment = os.environ | {"DATABASE_URL": url, "PGPASSWORD": info.password}
    line = [sys.executable, "manage.py", "changefeed", "--slot", SLOT, *arguments]
    return subprocess.Popen(
        line, cwd=BASE_DIR, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_it_copies_follows_and_stops_when_asked_to(owner: psycopg.Connection, path: Path) -> None:
    # Given rows, and a feed that begins with a copy of them
    owner.execute("INSERT INTO fruit VALUES (1, 'apple')")
    arguments = ["--tables", "fruit,crate", "--sink", f"jsonl:{path}"]
    # When it runs while rows change
    with command(owner, *arguments, "--snapshot") as process:
        eventually(lambda: path.exists() and "apple" in path.read_text(), "the copy is there")
        owner.execute("UPDATE fruit SET name = 'fig'")
        eventually(lambda: "fig" in path.read_text(), "the change is in it")
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=30)
    # Then it ended in good order, and told how far it is behind
    assert process.returncode == 0
    assert "changefeed: delivered 1, lsn " in out
    assert "lag_bytes " in out
    assert "bytes_until_lost " in out
    assert file_rows(path, "fruit") == table_rows(owner, "fruit")


def refusal(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    """What the command says when it ends with 1."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # pytest's own handlers stay
    with pytest.raises(CommandError) as caught:
        call_command("changefeed", "--slot", SLOT, *arguments)
    assert caught.value.returncode == 1
    return str(caught.value)


def test_it_says_how_to_begin_anew_when_its_slot_is_gone(
    owner: psycopg.Connection, follow: Follow, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    follow(JsonlSink(path)).sink.close()
    owner.execute("SELECT pg_drop_replication_slot(%s)", [SLOT])
    arguments = ["--tables", "fruit, crate", "--sink", f"jsonl:{path}", "--once"]
    # When and then
    assert refusal(monkeypatch, *arguments) == (
        f"There is no slot {SLOT} in this database any more.\n"
        "What the sink lacks can no longer be told from the log. Replace what it holds by a new snapshot:\n"
        f"  manage.py changefeed --slot {SLOT} --tables fruit,crate --sink jsonl:{path} --snapshot"
    )
    # And that is how it begins anew
    call_command("changefeed", "--slot", SLOT, *arguments, "--snapshot")


def test_it_says_to_drop_a_feed_first_that_cannot_go_on(
    owner: psycopg.Connection, follow: Follow, conninfo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a change of columns that the log does not tell
    feed = follow(PostgresSink(conninfo, SLOT))
    owner.execute("INSERT INTO fruit VALUES (1)")
    drain(feed)
    feed.sink.close()
    owner.execute("ALTER TABLE fruit ADD ticket uuid DEFAULT gen_random_uuid(); INSERT INTO fruit VALUES (2)")
    arguments = ["--tables", "fruit,crate", "--sink", f"postgres:{conninfo}", "--once"]
    # When
    said = refusal(monkeypatch, *arguments)
    # Then, without the address, which may hold a password
    assert said.splitlines()[-1] == (
        f"  manage.py changefeed --slot {SLOT} --drop && "
        f"manage.py changefeed --slot {SLOT} --tables fruit,crate --sink postgres:URL --snapshot"
    )
    # And that is how it begins anew
    call_command("changefeed", "--slot", SLOT, "--drop")
    assert feed.source.status() is None
    call_command("changefeed", "--slot", SLOT, *arguments, "--snapshot")
    assert table_rows(owner, "fruit", schema=SLOT) == table_rows(owner, "fruit")


def test_it_wants_tables_and_a_sink(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(monkeypatch, "--tables", "fruit") == "--tables and --sink are needed."
    assert "A sink is jsonl:PATH" in refusal(monkeypatch, "--tables", "fruit", "--sink", "kafka:topic")
