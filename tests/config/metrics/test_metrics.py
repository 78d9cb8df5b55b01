"""Whoever watches the service sees what is open, and for how long; nobody else does."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from config.metrics.families import families
from exactly_once.models import InboxEvent
from ledger.money import Money
from payments.import_settlement import restart_import
from payments.models import Break, PspCircuit, SettlementImport
from payments.psp.outcomes import Approved
from payments.states import LineKind
from tests.factories import NOW
from tests.payments.deciding import claim, doubtful, propose
from tests.payments.findings import found, line
from tests.payments.holding import EUR, ask, hold, news
from tests.payments.settling import read, told

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]

TOKEN = "m" * 32
ROW = re.compile(r"^\| `(?P<name>tally_\w+)` \|(?P<labels>[^|]*)\|", re.MULTILINE)


@pytest.fixture
def _token(settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN


def seen(**asked: str) -> dict[tuple[str, ...], float]:
    """Return the samples of the page by name and the labels' values in the order of their names."""
    answer = Client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"} | asked)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, *(sample.labels[label] for label in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


def as_of(moment: timedelta) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *(sample.labels[label] for label in sorted(sample.labels))): sample.value
        for family in families(now=NOW + moment)
        for sample in family.samples
    }


def test_without_a_token_in_the_settings_there_is_no_such_page() -> None:
    assert django_settings.METRICS_TOKEN == ""
    answer = Client().get("/metrics", headers={"Authorization": "Bearer "})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.usefixtures("_token")
@pytest.mark.parametrize("sent", [None, TOKEN, f"Basic {TOKEN}", "Bearer", f"Bearer {TOKEN[1:]}", f"Bearer {TOKEN}é"])
def test_nobody_reads_it_without_the_token(sent: str | None) -> None:
    answer = Client().get("/metrics", headers={"Authorization": sent} if sent else None)
    assert (answer.status_code, answer.content) == (401, b"")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="metrics"'


@pytest.mark.usefixtures("_token")
def test_it_is_only_read_and_never_kept() -> None:
    answer = Client().get("/metrics", headers={"Authorization": f"bearer {TOKEN}"})
    assert (answer.status_code, "no-store" in answer.headers["Cache-Control"]) == (200, True)
    assert Client().post("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 405


@pytest.mark.usefixtures("_token")
def test_an_idle_service_shows_zeros_that_an_alarm_can_compare_with() -> None:
    shown = seen()
    assert shown["tally_unknown_oldest_age_seconds", "main", "stripe"] == 0
    assert shown["tally_psp_circuit_state", "main", "stripe", "closed"] == 1
    assert shown["tally_psp_circuit_state", "main", "stripe", "open"] == 0
    for name in (
        "tally_overdue_breaks",
        "tally_open_break_oldest_age_seconds",
        "tally_proposed_decisions",
        "tally_pending_captures",
        "tally_pending_refunds",
        "tally_new_settlement_lines",
        "tally_seal_lag_seconds",
        "tally_handler_runs",
        "tally_webhook_deliveries",
    ):
        assert shown[name,] == 0
    assert not [key for key in shown if key[0] in ("tally_unknown_attempts", "tally_open_breaks", "tally_inbox_events")]


@pytest.mark.parametrize(
    ("age", "bucket"),
    [
        (timedelta(0), "under_1m"),
        (timedelta(seconds=59), "under_1m"),
        (timedelta(minutes=1), "under_10m"),
        (timedelta(minutes=10), "under_1h"),
        (timedelta(hours=1), "under_1d"),
        (timedelta(days=1), "under_7d"),
        (timedelta(days=7), "over_7d"),
        (timedelta(days=4000), "over_7d"),
    ],
)
def test_what_nobody_knows_is_counted_in_one_age(age: timedelta, bucket: str) -> None:
    doubtful()
    shown = as_of(age)
    unknown = {key: value for key, value in shown.items() if key[0] == "tally_unknown_attempts"}
    assert unknown == {("tally_unknown_attempts", "main", bucket, "EUR", "stripe"): 1}
    assert shown["tally_unknown_minor_units", "main", bucket, "EUR", "stripe"] == 1290
    assert shown["tally_unknown_oldest_age_seconds", "main", "stripe"] == age.total_seconds()


def test_what_is_known_again_is_not_counted() -> None:
    attempt = doubtful()
    news(attempt, Approved("pi_1", captured=True, money=EUR))
    shown = as_of(timedelta(hours=2))
    assert not [key for key in shown if key[0] == "tally_unknown_attempts"]
    assert shown["tally_unknown_oldest_age_seconds", "main", "stripe"] == 0


def test_breaks_suspense_and_decisions_are_counted() -> None:
    # Given a payment of another sum, whose break one proposes to end, and money that was paid for nothing we know of
    attempt = doubtful()
    news(attempt, Approved("pi_1", captured=True, money=Money(1291, "EUR")))
    propose(attempt, claim("voided"))
    found(line(received=False))
    # When
    shown = as_of(timedelta(days=3))
    # Then
    assert shown["tally_open_breaks", "under_7d", "amount_mismatch", "stripe"] == 1
    assert shown["tally_open_breaks", "under_7d", "unexplained", "stripe"] == 1
    assert shown["tally_suspense_minor_units", "EUR", "stripe"] == 1291 - 390
    assert shown["tally_overdue_breaks",] == 2
    assert shown["tally_open_break_oldest_age_seconds",] == 3 * 86_400
    assert shown["tally_proposed_decisions",] == 1
    assert shown["tally_proposed_decisions_oldest_age_seconds",] == 3 * 86_400
    # When they are resolved
    Break.objects.update(state="resolved", resolution="explained", reason="x", resolved_by="x", resolved_at=NOW)
    # Then
    shown = as_of(timedelta(days=3))
    assert (shown["tally_overdue_breaks",], [key for key in shown if key[0] == "tally_suspense_minor_units"]) == (0, [])


def test_a_capture_that_waits_is_counted() -> None:
    hold()
    ask()
    shown = as_of(timedelta(minutes=5))
    assert (shown["tally_pending_captures",], shown["tally_pending_captures_oldest_age_seconds",]) == (1, 300)


def test_settlement_that_is_not_compared_or_cannot_be_read_is_shown() -> None:
    read(told(LineKind.OTHER, 7))
    restart_import(psp="stripe", account="main", since=NOW, now=NOW)
    SettlementImport.objects.update(failure="no reply", failed_at=NOW)
    shown = as_of(timedelta(minutes=5))
    assert (shown["tally_new_settlement_lines",], shown["tally_new_settlement_lines_oldest_age_seconds",]) == (1, 300)
    assert shown["tally_settlement_unread_seconds", "main", "stripe"] == 300


def test_circuits_are_shown_as_they_are() -> None:
    PspCircuit.objects.create(
        psp="stripe", psp_account="main", state="open", probe_at=NOW, opened_at=NOW, counted_since=NOW
    )
    shown = as_of(timedelta(0))
    of_stripe = ("tally_psp_circuit_state", "main", "stripe")
    states = {key[-1]: value for key, value in shown.items() if key[:-1] == of_stripe}
    assert states == {"closed": 0, "open": 1, "half_open": 0}


def test_the_inbox_is_counted_by_source_and_state_and_given_up_events_too() -> None:
    events = [("stripe", "received", NOW), ("stripe", "parked", NOW), ("stripe", "failed", None), ("x", "failed", NOW)]
    for number, (source, state, due) in enumerate(events):
        InboxEvent.objects.create(
            source=source,
            account="main",
            event_id=f"evt_{number}",
            state=state,
            received_at=NOW - timedelta(minutes=number),
            next_attempt_at=due,
        )
    InboxEvent.objects.create(source="stripe", account="main", event_id="done", state="processed", received_at=NOW)
    shown = as_of(timedelta(0))
    counts = {key[1:]: value for key, value in shown.items() if key[0] == "tally_inbox_events"}
    assert counts == {
        ("stripe", "received"): 1,
        ("stripe", "parked"): 1,
        ("stripe", "failed"): 1,
        ("x", "failed"): 1,
    }
    assert shown["tally_inbox_oldest_age_seconds", "stripe", "failed"] == 120


def test_what_is_published_and_not_sealed_is_behind() -> None:
    news(doubtful(), Approved("pi_1", captured=True, money=EUR))
    shown = as_of(timedelta(days=4000))
    assert shown["tally_relay_lag_events", "handlers"] == 1
    assert shown["tally_relay_lag_seconds", "handlers"] >= 0
    assert shown["tally_seal_lag_seconds",] > 0


def test_the_pool_of_the_process_that_answers_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a process with a pool of three
    pooled: Any = connection.copy(alias="pooled")
    pooled.settings_dict["OPTIONS"] = {**pooled.settings_dict["OPTIONS"], "pool": {"min_size": 1, "max_size": 3}}
    monkeypatch.setattr("config.metrics.families.connection", pooled)
    # When one of its connections is in use
    with pooled.pool as pool, pool.connection():
        shown = as_of(timedelta(0))
    # Then
    most, opened, idle = (shown["tally_database_pool_connections", kind] for kind in ("max", "open", "idle"))
    assert (most, opened - idle, shown["tally_database_pool_waiting_requests",]) == (3, 1, 0)


def test_the_page_of_metrics_lists_each_with_its_labels() -> None:
    page = (Path(django_settings.BASE_DIR) / "docs" / "metrics.md").read_text()
    listed = {match["name"]: re.findall(r"`(\w+)`", match["labels"]) for match in ROW.finditer(page)}
    there = {family.name: list(family._labelnames) for family in families(now=NOW)}
    assert listed == there
    assert set(re.findall(r"tally_\w+", page)) == set(there)


def test_names_say_their_unit_as_prometheus_advises() -> None:
    for family in families(now=NOW):
        assert re.fullmatch(r"tally(_[a-z]+)+", family.name)
        assert (family.type, family.name.endswith("_total"), family.documentation[-1]) == ("gauge", False, ".")
        if {"age", "lag"} & set(family.name.split("_")):
            assert family.name.endswith(("_seconds", "_bytes", "_events"))


# Each holds only what is open.
INDEXES = {
    "payment_attempt_unknown",
    "payment_break_open",
    "payment_capture_one_pending",
    "payment_decision_one_open",
    "payment_refund_due",
    "payment_settlement_line_new",
    "inbox_event_due",
    "inbox_event_failed",
    "handler_run_due",
    "webhook_delivery_due",
}
# One row for each account.
OF_ACCOUNTS = {"payment_circuit_one_per_account", "payment_settlement_import_one_per_account"}
OTHERS = """
SELECT CASE
    WHEN k.oid IS NULL THEN format('DROP INDEX %%I', c.relname)
    ELSE format('ALTER TABLE %%I DROP CONSTRAINT %%I CASCADE', t.relname, k.conname)
END
FROM pg_index AS i
INNER JOIN pg_class AS c ON c.oid = i.indexrelid
INNER JOIN pg_class AS t ON t.oid = i.indrelid
LEFT JOIN pg_constraint AS k ON k.conindid = c.oid AND k.conrelid = t.oid AND k.contype <> 'f'
WHERE
    t.relkind = 'r' AND NOT t.relispartition
    AND t.relname ~ '^(payments|exactly_once)_' AND t.relname <> 'exactly_once_outboxevent'
    AND c.relname <> ALL(%s)
"""
SCAN = re.compile(r"(?:Scan using (\w+) on (?:payments|exactly_once)_|Bitmap Index Scan on (\w+))")


def test_every_figure_reads_what_is_open_and_no_whole_table() -> None:
    """Tables only grow; a scrape every few seconds must not grow with them."""
    with CaptureQueriesContext(connection) as captured:
        list(families(now=NOW))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        # To the planner, all are as good for tables that are as good as empty: it may only take what holds little.
        cursor.execute(OTHERS, [[*INDEXES, *OF_ACCOUNTS]])
        for (drop,) in cursor.fetchall():
            cursor.execute(drop)
        plans = [_plan(query["sql"]) for query in captured.captured_queries]
        transaction.set_rollback(True)
    # The relay's lag goes by the outbox's own order.
    used = {"".join(names) for plan in plans for names in SCAN.findall(plan) if "outboxevent" not in plan}
    assert {
        name for name in used if name.startswith(("payment_", "inbox_", "handler_", "webhook_"))
    } - OF_ACCOUNTS == INDEXES


def _plan(statement: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement}")
        return "\n".join(row[0] for row in cursor.fetchall())
