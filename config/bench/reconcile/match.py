"""Load the lines of a truth, match them, and compare what came of each with what it is.

Run as a program in the environment of an empty database, as its owner; prints a JSON object.
"""

import json
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from tempfile import TemporaryFile
from typing import IO, Any

import django
from django.core.management import call_command
from django.db import connection

# Made a table of: what a line says, as it is loaded.
_COLUMNS = """
psp, psp_account, line_id, kind, gross_minor, fee_minor, net_minor, currency, original_currency, psp_reference,
payment_reference, payout_reference, payout_state, reason, occurred_at, raw, imported_at, state, checks, detail, book,
booked_fee_minor
"""
_SAID = """
SELECT
    'stripe', 'main', line_id, kind, gross_minor, fee_minor, gross_minor - fee_minor, currency, '', psp_reference,
    payment_reference, 'po_' || date_trunc('day', occurred_at)::date, '', '', occurred_at,
    jsonb_build_object(
        'id', line_id, 'object', 'balance_transaction', 'type', kind, 'amount', gross_minor, 'fee', fee_minor,
        'net', gross_minor - fee_minor, 'currency', lower(currency), 'source', psp_reference, 'status', 'available',
        'created', extract(epoch FROM occurred_at)::bigint
    ),
    occurred_at, 'new', 0, '', 'shop', 0
FROM bench_line ORDER BY occurred_at, line_id
"""
LINES_AT_ONCE = 2_000
MISSING_AT_ONCE = 500

# What came of lines: as it should, wrongly matched, not found out, found out and called something else.
_JUDGED = """
SELECT
    count(*),
    count(*) FILTER (WHERE t.expected <> 'matched'),
    count(*) FILTER (
        WHERE l.state = 'matched' AND (
            t.expected <> 'matched' OR l.capture_id IS DISTINCT FROM t.capture_id
            OR l.refund_id IS DISTINCT FROM t.refund_id
        )
    ),
    count(*) FILTER (WHERE l.state <> t.expected)
FROM bench_line AS t INNER JOIN payments_settlementline AS l ON l.line_id = t.line_id
"""
_MISSED = """
SELECT count(m.subject), count(*) FILTER (WHERE b.subject IS NULL OR m.subject IS NULL)
FROM bench_missing AS m
FULL JOIN (SELECT subject FROM payments_break WHERE kind = 'missing_external') AS b ON m.subject = b.subject
"""
_UNNAMED = """
SELECT count(*) FROM payments_settlementline AS l
WHERE l.state NOT IN ('matched', 'void', 'new') AND l.finding_id IS NULL
"""


@dataclass(frozen=True, slots=True)
class Matched:
    """What was measured, and how right it was.

    :param wrong: lines that were matched and should not have been, or to something else.
    :param misjudged: lines that ended otherwise than they are.
    :param missing: captures and refunds that are in no line.
    :param missing_not_found: how many of these were not found, or were found and are in one.
    """

    payments: int
    lines: int
    anomalous_lines: int
    missing: int
    copy_seconds: float
    match_seconds: float
    missing_seconds: float
    wrong: int
    misjudged: int
    missing_not_found: int
    states: dict[str, int]

    @property
    def ratio(self) -> float:
        """Return how many times longer matching took than loading."""
        return self.match_seconds / self.copy_seconds


def match(*, payments: int, seed: int, start: datetime) -> Matched:
    """Write a truth, and measure on it: into an indexed table first, then for real."""
    from config.bench.reconcile.truth import LAST_LINE_AFTER, ask, write_truth  # noqa: PLC0415 - after the set-up

    lines = write_truth(payments=payments, seed=seed, start=start)
    with TemporaryFile() as file, connection.cursor() as cursor:
        _copy_out(cursor, file)
        cursor.execute("CREATE TABLE bench_indexed (LIKE payments_settlementline INCLUDING ALL)")
        copy_seconds = _copy_in(cursor, file, "bench_indexed")
        _copy_in(cursor, file, "payments_settlementline")
        cursor.execute("ANALYZE")
    now = start + LAST_LINE_AFTER
    match_seconds = _match(now)
    missing_seconds = _find_missing(now)
    ((_, anomalous, wrong, misjudged),) = ask(_JUDGED)
    ((missing, missing_not_found),) = ask(_MISSED)
    assert ask(_UNNAMED) == [(0,)], "every line that does not fit has a break"
    states = dict(ask("SELECT state, count(*) FROM payments_settlementline GROUP BY 1 ORDER BY 1"))
    return Matched(
        payments=payments,
        lines=lines,
        anomalous_lines=anomalous,
        missing=missing,
        copy_seconds=copy_seconds,
        match_seconds=match_seconds,
        missing_seconds=missing_seconds,
        wrong=wrong,
        misjudged=misjudged,
        missing_not_found=missing_not_found,
        states=states,
    )


def _copy_out(cursor: Any, file: IO[bytes]) -> None:
    with cursor.copy(f"COPY ({_SAID}) TO STDOUT") as copy:
        for data in copy:
            file.write(data)


def _copy_in(cursor: Any, file: IO[bytes], table: str) -> float:
    file.seek(0)
    began = time.perf_counter()
    with cursor.copy(f"COPY {table} ({_COLUMNS}) FROM STDIN") as copy:
        while data := file.read(1 << 16):
            copy.write(data)
    return time.perf_counter() - began


def _match(now: datetime) -> float:
    from payments.settle_line import settle_due_lines  # noqa: PLC0415 - the same

    began = time.perf_counter()
    while settle_due_lines(limit=LINES_AT_ONCE, now=now).more:
        pass
    return time.perf_counter() - began


def _find_missing(now: datetime) -> float:
    from payments.find_missing_lines import find_missing_lines  # noqa: PLC0415 - the same

    began = time.perf_counter()
    while find_missing_lines(limit=MISSING_AT_ONCE, now=now):
        pass
    return time.perf_counter() - began


if __name__ == "__main__":
    django.setup()
    call_command("migrate", verbosity=0)
    measured = match(payments=int(sys.argv[1]), seed=int(sys.argv[2]), start=datetime(2026, 1, 1, tzinfo=UTC))
    sys.stdout.write(json.dumps(asdict(measured)) + "\n")
