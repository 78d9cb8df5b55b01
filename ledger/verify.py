"""What must always be true of the books; ``manage.py verify`` asks. Each check is one SQL statement over all rows."""

from collections.abc import Iterator
from datetime import datetime

from django.db import connection

from exactly_once.verification import CheckResult
from ledger import invariants

# Each query returns one row: how many were checked, and up to five names of what is wrong.
_CHECKS = {
    "ledger: debits = credits, per transaction, currency and status": """
        WITH sums AS (
            SELECT
                id >> 10 AS transaction_id,
                currency,
                status,
                sum(CASE direction WHEN 'D' THEN amount_minor ELSE -amount_minor END) AS difference
            FROM ledger_entry
            GROUP BY id >> 10, currency, status
        )

        SELECT count(*), array_agg('transaction ' || transaction_id) FILTER (WHERE difference <> 0) FROM sums
    """,
    "ledger: every transaction has entries, every entry its transaction and account": """
        SELECT
            (SELECT count(*) FROM ledger_entry),
            array_agg(lost.name)
        FROM (
            SELECT 'entry ' || e.id AS name
            FROM ledger_entry AS e
            LEFT JOIN ledger_transaction AS t ON t.id = e.id >> 10
            LEFT JOIN ledger_account AS a ON a.id = e.account_id AND a.book_id = t.book_id AND a.currency = e.currency
            WHERE a.id IS NULL
            UNION ALL
            SELECT 'transaction ' || t.id
            FROM ledger_transaction AS t
            LEFT JOIN (SELECT DISTINCT e.id >> 10 AS id FROM ledger_entry AS e) AS e ON e.id = t.id
            LEFT JOIN ledger_book AS b ON b.id = t.book_id
            WHERE e.id IS NULL OR b.id IS NULL
        ) AS lost
    """,
    "ledger: balances equal the sums of their entries, posted and pending": """
        WITH sums AS (
            SELECT
                account_id,
                stripe,
                coalesce(sum(amount_minor) FILTER (WHERE status = 'P' AND direction = 'D'), 0) AS debits,
                coalesce(sum(amount_minor) FILTER (WHERE status = 'P' AND direction = 'C'), 0) AS credits,
                sum(ledger_low(CASE direction WHEN 'D' THEN amount_minor ELSE -amount_minor END, status)) AS low,
                sum(ledger_high(CASE direction WHEN 'D' THEN amount_minor ELSE -amount_minor END, status)) AS high,
                count(*) AS entries
            FROM ledger_entry
            GROUP BY account_id, stripe
        )

        SELECT
            count(*),
            array_agg('account ' || coalesce(b.account_id, s.account_id)) FILTER (
                WHERE (
                    b.debits_minor, b.credits_minor, b.net_low_minor, b.net_high_minor, b.version
                ) IS DISTINCT FROM (
                    coalesce(s.debits, 0), coalesce(s.credits, 0),
                    coalesce(s.low, 0), coalesce(s.high, 0), coalesce(s.entries, 0)
                )
            )
        FROM ledger_balance AS b
        FULL JOIN sums AS s ON s.account_id = b.account_id AND s.stripe = b.stripe
    """,
    "ledger: balance rows name their accounts, one for each stripe, and no more than one where there are limits": """
        SELECT
            count(*),
            array_agg('account ' || rows.account_id) FILTER (
                WHERE rows.strangers OR rows.stripe_count <> rows.stripes OR (rows.limited AND rows.stripes <> 1)
            )
        FROM (
            SELECT
                b.account_id,
                count(*) AS stripe_count,
                max(b.stripes) AS stripes,
                bool_or(b.net_min_minor IS NOT NULL OR b.net_max_minor IS NOT NULL) AS limited,
                bool_or(
                    a.id IS NULL OR (a.book_id, a.code, a.currency) <> (b.book_id, b.code, b.currency)
                    OR b.normal_sign <> CASE a.normal_side WHEN 'debit' THEN 1 ELSE -1 END
                ) AS strangers
            FROM ledger_balance AS b
            LEFT JOIN ledger_account AS a ON a.id = b.account_id
            GROUP BY b.account_id
        ) AS rows
    """,
    "ledger: each stripe's history has no gap, and every running balance follows from the one before": """
        WITH history AS (
            SELECT
                e.account_id,
                e.account_version,
                e.balance_after_minor,
                row_number() OVER h AS expected_version,
                (CASE a.normal_side WHEN 'debit' THEN 1 ELSE -1 END)
                * coalesce(
                    sum(CASE e.direction WHEN 'D' THEN e.amount_minor ELSE -e.amount_minor END)
                    FILTER (WHERE e.status = 'P') OVER h, 0
                ) AS expected_balance
            FROM ledger_entry AS e
            INNER JOIN ledger_account AS a ON a.id = e.account_id
            WINDOW h AS (PARTITION BY e.account_id, e.stripe ORDER BY e.account_version)
        )

        SELECT
            count(*),
            array_agg('account ' || account_id || ' version ' || account_version) FILTER (
                WHERE account_version <> expected_version OR balance_after_minor <> expected_balance
            )
        FROM history
    """,
    "ledger: the trial balance is zero, per book and currency": """
        WITH sums AS (
            SELECT
                b.code,
                l.currency,
                sum(l.debits_minor - l.credits_minor) AS difference
            FROM ledger_balance AS l
            INNER JOIN ledger_book AS b ON b.id = l.book_id
            GROUP BY b.code, l.currency
        )

        SELECT count(*), array_agg(code || ' ' || currency) FILTER (WHERE difference <> 0) FROM sums
    """,
    "ledger: what was settled, released or reversed of a transaction is what its resolutions took": """
        WITH used AS (
            SELECT
                r.target_id,
                e.account_id,
                CASE WHEN r.action <> 'reverse' THEN e.direction WHEN e.direction = 'D' THEN 'C' ELSE 'D' END AS side,
                sum(e.amount_minor) AS used
            FROM ledger_resolution AS r
            INNER JOIN ledger_entry AS e ON e.id BETWEEN r.transaction_id << 10 AND (r.transaction_id << 10) + 1023
            WHERE e.status = CASE r.action WHEN 'reverse' THEN 'P' ELSE 'R' END
            GROUP BY 1, 2, 3
        )

        SELECT
            count(*),
            array_agg('transaction ' || coalesce(m.transaction_id, u.target_id)) FILTER (
                WHERE m.used_minor IS DISTINCT FROM u.used
            )
        FROM ledger_remainder AS m
        FULL JOIN used AS u
            ON u.target_id = m.transaction_id AND u.account_id = m.account_id AND u.side = m.direction
    """,
    "ledger: every sealed transaction is as it was sealed, and every block follows from the one before": """
        SELECT
            (SELECT coalesce(sum(count), 0) FROM ledger_seal_block),
            (SELECT array_agg(c.r_problem) FROM ledger_check_seals() AS c)
    """,
    "ledger: the sums per day equal the sealed entries": """
        WITH sums AS (
            SELECT
                e.account_id,
                (t.effective_at AT TIME ZONE 'UTC')::date AS effective_on,
                (t.recorded_at AT TIME ZONE 'UTC')::date AS recorded_on,
                e.stripe,
                min(e.account_version) AS first_version,
                max(e.account_version) AS last_version,
                coalesce(sum(e.amount_minor) FILTER (WHERE e.direction = 'D'), 0) AS debits,
                coalesce(sum(e.amount_minor) FILTER (WHERE e.direction = 'C'), 0) AS credits
            FROM ledger_entry AS e
            INNER JOIN ledger_transaction AS t ON t.id = e.id >> 10
            WHERE e.status = 'P' AND t.id <= (SELECT coalesce(max(p.through_id), 0) FROM ledger_seal_position AS p)
            GROUP BY 1, 2, 3, 4
        )

        SELECT
            count(*),
            array_agg(
                'account ' || coalesce(d.account_id, s.account_id) || ' on ' || coalesce(d.effective_on, s.effective_on)
            ) FILTER (
                WHERE (d.debits_minor, d.credits_minor, d.first_version, d.last_version)
                IS DISTINCT FROM (s.debits, s.credits, s.first_version, s.last_version)
            )
        FROM ledger_daily_sum AS d
        FULL JOIN sums AS s
            ON s.account_id = d.account_id AND s.effective_on = d.effective_on AND s.recorded_on = d.recorded_on
            AND s.stripe = d.stripe
    """,
    "ledger: a hold has ended where nothing of it is left, and nowhere else": """
        SELECT
            count(*),
            array_agg('hold ' || h.transaction_id) FILTER (
                WHERE (h.ended_at IS NOT NULL) <> (
                    (SELECT coalesce(sum(m.used_minor), 0) FROM ledger_remainder AS m
                        WHERE m.transaction_id = h.transaction_id)
                    = (SELECT sum(e.amount_minor) FROM ledger_entry AS e
                        WHERE e.id >= h.transaction_id << 10 AND e.id < (h.transaction_id + 1) << 10)
                )
            )
        FROM ledger_hold AS h
    """,
}


def checks(*, now: datetime) -> Iterator[CheckResult]:
    """Run every check of this package, as of ``now``."""
    for name, query in _CHECKS.items():
        with connection.cursor() as cursor:
            cursor.execute(query)
            checked, wrong = cursor.fetchone()
        yield CheckResult.of(name, checked, wrong or [])
    yield from invariants.checks(now=now)
