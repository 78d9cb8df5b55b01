"""The benchmark runs: its figures are another matter."""

import json
from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db.models import Sum
from pytest_django import Settings
from rich.console import Console

from config.bench.ledger.books import open_books
from config.bench.ledger.cases import NAMES, chosen_cases
from config.bench.ledger.load import load
from config.bench.ledger.report import table
from config.bench.ledger.rows import RatioRow, Row, SizeRow, SkippedRow
from config.bench.pairs import Pair, Ratio
from config.bench.server import own_server
from config.bench.waits import Wait
from config.verification import all_checks
from ledger.models import Balance, Entry, Transaction
from tests.bench.owner import owner_url
from tests.campaigns import PROCESSES
from tests.ledger.books import NOW
from tests.servers import STATE_DIR

# Beside the servers of other tests; a short path, for the socket.
BENCH_STATE_DIR = STATE_DIR / "benchmarks"


@PROCESSES.only
def test_it_measures_our_postings_beside_pgbench_on_a_durable_server_and_leaves_nothing(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.STATE_DIR = BENCH_STATE_DIR

    only = ["--only=posting-2", "--only=batch-100", "--only=size"]
    call_command("bench", "ledger", "--small", "--seconds=1", "--pairs=1", "--clients=8", "--json", *only)

    report = json.loads(capsys.readouterr().out)
    assert report.keys() == {"seconds", "pairs", "sized", "small", "server", "rows"}
    assert (report["server"]["fsync"], report["server"]["synchronous_commit"]) == ("on", "on")
    posting, batch, size = report["rows"]
    assert (posting["name"], posting["clients"], posting["against"]) == ("posting-2", 8, "TPC-B-like")
    (pair,) = posting["pairs"]
    assert pair["ours"] > 0
    assert pair["against"] > 0
    ratio = pair["ours"] / pair["against"]
    assert posting["ratio"] == {"median": ratio, "lowest": ratio, "highest": ratio}
    assert posting["met"] is (ratio >= 1.3)
    assert batch["pairs"][0]["ours"] > 0
    assert (size["name"], size["transactions"]) == ("size", 800)
    assert size["bytes_each"] > 0
    assert not (BENCH_STATE_DIR / "bench" / "postgres").exists()


@pytest.mark.django_db(transaction=True)
def test_loaded_entries_are_as_if_they_had_been_posted() -> None:
    open_books(accounts=20, hot_stripes=1, now=NOW)

    # In chunks that do not divide them.
    loaded = load(url=owner_url(), entries=1_000, accounts=20, chunk=300)

    assert loaded == 1_000
    assert (Transaction.objects.count(), Entry.objects.count()) == (500, 1_000)
    assert Balance.objects.aggregate(moves=Sum("version"), debits=Sum("debits_minor")) == {
        "moves": 1_000,
        "debits": 50_000,
    }
    assert [check.name for check in all_checks(now=datetime.now(UTC)) if not check.passed] == []


def test_two_benchmarks_do_not_measure_each_other(settings: Settings) -> None:
    settings.STATE_DIR = BENCH_STATE_DIR / "two"

    with own_server(settings.STATE_DIR), pytest.raises(CommandError, match="Another benchmark runs"):
        call_command("bench", "ledger")


def test_10_million_entries_are_loaded_only_where_asked_for() -> None:
    def names(*, only: list[str], full: bool) -> set[str]:
        return {case.name for case, _ in chosen_cases(only=only, full=full, clients=[])}

    assert names(only=[], full=False) == set(NAMES) - {"existing-10m"}
    assert names(only=[], full=True) == set(NAMES)
    assert names(only=["existing-10m"], full=False) == {"existing-10m"}


def test_one_number_of_clients_can_be_chosen() -> None:
    chosen = list(chosen_cases(only=["posting-2"], full=False, clients=[32]))

    assert [(case.name, clients) for case, clients in chosen] == [("posting-2", 32)]


def test_a_missed_target_is_shown_with_what_the_time_went_to() -> None:
    rows: list[Row] = [
        RatioRow(
            "hot",
            "one hot account",
            8,
            "TPC-B-like",
            [Pair(500, 1000)],
            Ratio(0.5, 0.5, 0.5),
            1.1,
            [Wait("LWLock:WALWrite", 0.75)],
        ),
        RatioRow("posting-2", "posting", 8, "TPC-B-like", [Pair(1500, 1000)], Ratio(1.5, 1.4, 1.6), 1.3, []),
        SizeRow("size", "on disk", 100, 430.4, 450),
        SkippedRow("hordak", "beside hordak", "not installed"),
    ]

    console = Console(width=120)
    with console.capture() as capture:
        console.print(table(rows, title="Ledger"))
    drawn = [line for line in capture.get().splitlines() if line.startswith("│")]
    lines = [" ".join(line.replace("│", " ").split()) for line in drawn]

    assert lines == [
        "one hot account 8 500 TPC-B-like 1,000 0.50 (0.50..0.50) >= 1.1 missed",
        "75% LWLock:WALWrite",
        "posting 8 1,500 TPC-B-like 1,000 1.50 (1.40..1.60) >= 1.3 ok",
        "on disk 430 bytes <= 450 ok",
        "beside hordak not installed",
    ]
