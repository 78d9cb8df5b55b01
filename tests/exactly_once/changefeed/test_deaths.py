"""A feed that is killed again and again, while writers write, leaves the sink exact: no gap, nothing twice."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import psycopg
import pytest

from config.services.leftovers import BASE_DIR
from exactly_once.changefeed.sinks.jsonl import JsonlSink
from exactly_once.changefeed.sinks.postgres import PostgresSink
from exactly_once.changefeed.sinks.valkey_stream import ValkeyStreamSink
from tests.exactly_once.changefeed.conftest import Follow, drain, stream_lines
from tests.exactly_once.changefeed.fold import file_rows, fold, in_order, positions, table_rows
from tests.exactly_once.changefeed.names import CAMPAIGN, SLOT, TABLES, effort, seed
from tests.exactly_once.changefeed.writers import committed, watch, writing

pytestmark = pytest.mark.django_db(transaction=True)

DEATHS = effort(4, 1000)
# How often one that died finds its slot gone, and has to begin anew with a snapshot.
LOSSES = 0.25


def die(dsn: str, spec: str, *, seed: int, url: str = "", losses: float = LOSSES) -> Counter[str]:
    """Have a feed live and die; return where how often."""
    program = [sys.executable, "-m", "tests.exactly_once.changefeed.mortal"]
    command = [*program, dsn, spec, str(seed), str(DEATHS), str(losses), url]
    result = subprocess.run(command, cwd=BASE_DIR, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    ends = Counter[str](json.loads(result.stdout.splitlines()[-1]))
    print(f"killed {sum(ends.values())} times: {dict(ends.most_common())}")  # noqa: T201 - what the campaign shows
    return ends


def fill(owner: psycopg.Connection) -> None:
    """Put in rows for a snapshot of several batches."""
    owner.execute("INSERT INTO fruit SELECT 1000 + n, 'old', NULL, n FROM generate_series(1, 1100) AS n")


@CAMPAIGN.only
def test_a_file_is_exact(owner: psycopg.Connection, conninfo: str, follow: Follow, path: Path) -> None:
    # Given a snapshot that may be interrupted, too
    fill(owner)
    chosen = seed(7)
    # When
    with writing(conninfo, seed=chosen):
        ends = die(conninfo, f"jsonl:{path}", seed=chosen)
    drain(follow(JsonlSink(path), copy=True))
    # Then
    assert sum(ends.values()) == DEATHS
    found = positions(path)
    assert len(found) == len(set(found))
    for table in TABLES:
        assert file_rows(path, table) == table_rows(owner, table)


def test_a_file_has_the_changes_that_another_decoder_sees_in_their_order(
    owner: psycopg.Connection, conninfo: str, follow: Follow, path: Path
) -> None:
    # Given a feed that has begun, and another slot that begins there, too
    watch(owner)
    follow(JsonlSink(path)).sink.close()
    chosen = seed(8)
    # When
    with writing(conninfo, seed=chosen):
        die(conninfo, f"jsonl:{path}", seed=chosen, losses=0)
    drain(follow(JsonlSink(path)))
    # Then
    with path.open() as file:
        lines = [json.loads(line) for line in file]
    changes = [line for line in lines if line["kind"] not in {"position", "schema"}]
    delivered = [(line["table"].removeprefix("public."), line["kind"]) for line in changes]
    assert len(delivered) > DEATHS
    assert delivered == committed(owner)


def test_a_database_is_exact(owner: psycopg.Connection, conninfo: str, follow: Follow) -> None:
    # Given
    fill(owner)
    chosen = seed(9)
    # When
    with writing(conninfo, seed=chosen):
        die(conninfo, "postgres:", seed=chosen, url=conninfo)
    drain(follow(PostgresSink(conninfo, SLOT), copy=True))
    # Then
    for table in TABLES:
        assert table_rows(owner, table, schema=SLOT) == table_rows(owner, table)


@CAMPAIGN.only
def test_a_stream_is_exact(owner: psycopg.Connection, conninfo: str, follow: Follow, valkey_url: str) -> None:
    # Given
    fill(owner)
    chosen = seed(10)
    # When
    with writing(conninfo, seed=chosen):
        die(conninfo, "valkey:changes", seed=chosen, url=valkey_url)
    drain(follow(ValkeyStreamSink(valkey_url, "changes"), copy=True))
    # Then
    tables = fold(stream_lines(valkey_url, "changes"))
    for table in TABLES:
        assert in_order(tables[f"public.{table}"].values()) == table_rows(owner, table)
