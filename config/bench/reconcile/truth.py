"""A shop's payments and what its PSP settles of them, with seeded anomalies of every kind: and what each line is.

Written by SQL, so that a million payments take seconds. Needs an empty database's tables, and a superuser.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django_subatomic.db import transaction

from ledger.accounts import open_book
from ledger.money import Money
from payments.begin_attempt import Charge, begin_attempt
from payments.psp.outcomes import Approved, RefundSucceeded
from payments.refund import request_refund
from payments.routing import Token
from payments.settle_attempt import settle_attempt
from payments.settle_refund import settle_refund

BOOK, PSP, ACCOUNT = "shop", "stripe", "main"
CURRENCIES = ("EUR", "USD", "JPY")
# Of 10,000 payments so many have something about them that does not fit.
ANOMALOUS = 200
# Each as often as the others.
KINDS = (
    "charge_more",
    "charge_less",
    "charge_currency",
    "charge_unknown",
    "charge_twice",
    "charge_missing",
    "void",
    "refund_amount",
    "refund_unknown",
    "refund_twice",
    "refund_missing",
)
PAYMENTS_LAST, LAST_LINE_AFTER = timedelta(days=20), timedelta(days=40)

# Every row is a copy of one that the code itself has made, with other ids and sums. The function is in FROM, because
# "(f()).*" would call it once for each column.
_PAYMENTS = f"""
CREATE TABLE bench_payment AS
SELECT
    i, 1000000 + i AS id,
    (100 + abs(hashint8extended(i, %(seed)s)) %% 100000)::bigint AS amount,
    (ARRAY['EUR', 'EUR', 'EUR', 'EUR', 'USD', 'JPY'])[1 + abs(hashint8extended(i, %(seed)s + 1)) %% 6] AS currency,
    CASE
        WHEN abs(hashint8extended(i, %(seed)s + 2)) %% 10000 < {ANOMALOUS}
            THEN (%(kinds)s::text[])[1 + abs(hashint8extended(i, %(seed)s + 3)) %% {len(KINDS)}]
        ELSE ''
    END AS kind,
    abs(hashint8extended(i, %(seed)s + 4)) %% 10 = 0 AS refunded,
    %(start)s::timestamptz + i * (%(last)s::interval / %(payments)s) AS at
FROM generate_series(1, %(payments)s) AS i
"""
_COPIES = """
INSERT INTO payments_paymentintent
SELECT c.*
FROM bench_payment AS p CROSS JOIN payments_paymentintent AS t
CROSS JOIN LATERAL jsonb_populate_record(t, jsonb_build_object(
    'id', p.id, 'public_id', 'pi_bench' || p.id, 'order_reference', 'order' || p.id, 'amount_minor', p.amount,
    'currency', p.currency, 'created_at', p.at, 'updated_at', p.at)) AS c
WHERE t.id = %(intent)s;
INSERT INTO payments_attempt
SELECT c.*
FROM bench_payment AS p CROSS JOIN payments_attempt AS t
CROSS JOIN LATERAL jsonb_populate_record(t, jsonb_build_object(
    'id', p.id, 'uuid', gen_random_uuid(), 'intent_id', p.id, 'amount_minor', p.amount, 'captured_minor', p.amount,
    'refunded_minor', CASE WHEN p.refunded OR p.kind LIKE 'refund%%' THEN p.amount / 2 ELSE 0 END,
    'currency', p.currency, 'psp_reference', 'ch_bench' || p.id, 'submitted_at', p.at, 'settled_at', p.at,
    'answered_in_ms', 100 + abs(hashint8(p.id)) %% 900,
    'card_brand', 'visa', 'card_last4', lpad((p.id %% 10000)::text, 4, '0'))) AS c
WHERE t.id = %(attempt)s;
INSERT INTO payments_capture
SELECT c.*
FROM bench_payment AS p CROSS JOIN payments_capture AS t
CROSS JOIN LATERAL jsonb_populate_record(t, jsonb_build_object(
    'id', p.id, 'uuid', gen_random_uuid(), 'public_id', 'cap_bench' || p.id, 'attempt_id', p.id,
    'amount_minor', p.amount, 'currency', p.currency, 'psp_reference', 'ch_bench' || p.id,
    'created_at', p.at, 'settled_at', p.at)) AS c
WHERE t.attempt_id = %(attempt)s;
INSERT INTO payments_refund
SELECT c.*
FROM bench_payment AS p CROSS JOIN payments_refund AS t
CROSS JOIN LATERAL jsonb_populate_record(t, jsonb_build_object(
    'id', p.id, 'uuid', gen_random_uuid(), 'public_id', 're_bench' || p.id, 'attempt_id', p.id,
    'amount_minor', p.amount / 2, 'currency', p.currency, 'psp_reference', 're_bench' || p.id,
    'created_at', p.at, 'settled_at', p.at)) AS c
WHERE t.attempt_id = %(attempt)s AND (p.refunded OR p.kind LIKE 'refund%%')
"""
# (line id, kind, gross, currency, its own reference, its payment's, place in time, what it is, whose it is)
_LINES = """
CREATE TABLE bench_line AS
SELECT
    l.line_id, l.kind, l.gross AS gross_minor,
    CASE WHEN l.kind = 'charge' THEN 25 + l.gross * 14 / 1000 WHEN l.kind = 'fee' THEN 99 ELSE 0 END AS fee_minor,
    l.currency, l.psp_reference, l.payment_reference, l.at AS occurred_at, l.expected, l.capture_id, l.refund_id
FROM (
    SELECT
        'txn_c' || p.id AS line_id, 'charge' AS kind,
        CASE p.kind WHEN 'charge_more' THEN p.amount + 1 + p.i %% 7 WHEN 'charge_less' THEN p.amount - 1 - p.i %% 7
            ELSE p.amount END AS gross,
        CASE p.kind WHEN 'charge_currency' THEN 'GBP' ELSE p.currency END AS currency,
        'ch_bench' || p.id AS psp_reference, 'ch_bench' || p.id AS payment_reference, p.at,
        CASE p.kind
            WHEN 'charge_more' THEN 'amount_mismatch' WHEN 'charge_less' THEN 'amount_mismatch'
            WHEN 'charge_currency' THEN 'currency_mismatch' ELSE 'matched'
        END AS expected,
        CASE p.kind WHEN 'charge_currency' THEN NULL ELSE p.id END AS capture_id, NULL::bigint AS refund_id
    FROM bench_payment AS p WHERE p.kind <> 'charge_missing'
    UNION ALL
    SELECT
        'txn_d' || p.id, 'charge', p.amount, p.currency, 'ch_bench' || p.id, 'ch_bench' || p.id,
        p.at + interval '1 hour', 'duplicate', NULL, NULL
    FROM bench_payment AS p WHERE p.kind = 'charge_twice'
    UNION ALL
    SELECT
        'txn_u' || p.id, 'charge', p.amount, p.currency, 'ch_other' || p.id, 'ch_other' || p.id,
        p.at, 'missing_internal', NULL, NULL
    FROM bench_payment AS p WHERE p.kind = 'charge_unknown'
    UNION ALL
    SELECT 'txn_v' || p.id, 'other', 0, p.currency, '', '', p.at, 'void', NULL, NULL
    FROM bench_payment AS p WHERE p.kind = 'void'
    UNION ALL
    SELECT
        'txn_r' || p.id, 'refund', -(p.amount / 2) + CASE p.kind WHEN 'refund_amount' THEN 1 ELSE 0 END, p.currency,
        're_bench' || p.id, 'ch_bench' || p.id, p.at + interval '1 day',
        CASE p.kind WHEN 'refund_amount' THEN 'amount_mismatch' ELSE 'matched' END, NULL, p.id
    FROM bench_payment AS p WHERE (p.refunded OR p.kind LIKE 'refund%%') AND p.kind <> 'refund_missing'
    UNION ALL
    SELECT
        'txn_s' || p.id, 'refund', -(p.amount / 2), p.currency, 're_bench' || p.id, 'ch_bench' || p.id,
        p.at + interval '2 days', 'duplicate', NULL, NULL
    FROM bench_payment AS p WHERE p.kind = 'refund_twice'
    UNION ALL
    SELECT
        'txn_w' || p.id, 'refund', -p.amount, p.currency, 're_other' || p.id, 'ch_bench' || p.id, p.at,
        'missing_internal', NULL, NULL
    FROM bench_payment AS p WHERE p.kind = 'refund_unknown'
    UNION ALL
    SELECT 'txn_f' || p.id, 'fee', 0, p.currency, '', '', p.at, 'matched', NULL, NULL
    FROM bench_payment AS p WHERE p.i %% 500 = 0
    UNION ALL
    SELECT
        'txn_template', 'charge', c.amount_minor, c.currency, 'ch_template', 'ch_template', %(start)s::timestamptz,
        'matched', c.id, NULL
    FROM payments_capture AS c WHERE c.attempt_id = %(attempt)s
    UNION ALL
    SELECT
        'txn_template_back', 'refund', -r.amount_minor, r.currency, 're_template', 'ch_template',
        %(start)s::timestamptz, 'matched', NULL, r.id
    FROM payments_refund AS r WHERE r.attempt_id = %(attempt)s
    UNION ALL
    SELECT 'txn_last', 'fee', 0, 'EUR', '', '', %(end)s::timestamptz, 'matched', NULL, NULL
) AS l
"""
_MISSING = """
CREATE TABLE bench_missing AS
SELECT
    CASE p.kind WHEN 'charge_missing' THEN 'capture:cap_bench' ELSE 'refund:re_bench' END || p.id AS subject
FROM bench_payment AS p WHERE p.kind IN ('charge_missing', 'refund_missing')
"""


def write_truth(*, payments: int, seed: int, start: datetime) -> int:
    """Write so many payments, and what is settled of them; return how many lines that is."""
    intent, attempt = _template(start)
    told: dict[str, Any] = {
        "seed": seed,
        "kinds": list(KINDS),
        "start": start,
        "last": PAYMENTS_LAST,
        "payments": payments,
        "intent": intent,
        "attempt": attempt,
        "end": start + LAST_LINE_AFTER,
    }
    with transaction(), connection.cursor() as cursor:
        # What triggers look at is so by itself; they would take minutes.
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in (_PAYMENTS, *_COPIES.split(";\n"), _LINES, _MISSING):
            cursor.execute(statement, told)
        cursor.execute("SELECT count(*) FROM bench_line")
        return int(cursor.fetchone()[0])


def _template(now: datetime) -> tuple[int, int]:
    """Have one payment that was taken and paid back in part; return its intent's and its attempt's keys."""
    money = Money(1000, "EUR")
    with transaction():
        open_book(code=BOOK, name="Benchmark", now=now)
        charge = Charge(BOOK, "cli_bench", "order", money, "", [Token(PSP, "pm_card_visa")])
        attempt: UUID = begin_attempt(charge=charge, now=now)
        settle_attempt(attempt_uuid=attempt, outcome=Approved("ch_template", captured=True, money=money), now=now)
        request_refund(order_reference="order", money=Money(1, "EUR"), reason="asked", now=now)
    with connection.cursor() as cursor:
        cursor.execute("SELECT intent_id, id FROM payments_attempt WHERE uuid = %s", [attempt])
        intent_pk, attempt_pk = cursor.fetchone()
        cursor.execute("SELECT uuid FROM payments_refund WHERE attempt_id = %s", [attempt_pk])
        refund = cursor.fetchone()[0]
    with transaction():
        outcome = RefundSucceeded("re_template", Money(1, "EUR"))
        settle_refund(refund_uuid=refund, outcome=outcome, now=now)
    return intent_pk, attempt_pk


def ask(query: str, *arguments: Any) -> list[tuple[Any, ...]]:
    """Return a query's rows."""
    with connection.cursor() as cursor:
        cursor.execute(query, arguments)
        return list(cursor.fetchall())
