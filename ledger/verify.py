"""What must always be true of the books; ``manage.py verify`` asks. Each check is one SQL statement over all rows."""

from collections.abc import Iterator

from django.db import connection

from exactly_once.verification import CheckResult

# Each query returns one row: how many were checked, and up to five names of what is wrong.
_CHECKS = {
    "ledger: debits = credits, per transaction and currency": """
        WITH sums AS (
            SELECT
                transaction_id,
                currency,
                sum(CASE direction WHEN 'debit' THEN amount_minor ELSE -amount_minor END) AS difference
            FROM ledger_entry
            GROUP BY transaction_id, currency
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
            LEFT JOIN ledger_transaction AS t ON t.id = e.transaction_id
            LEFT JOIN ledger_account AS a ON a.id = e.account_id AND a.book_id = t.book_id AND a.currency = e.currency
            WHERE a.id IS NULL
            UNION ALL
            SELECT 'transaction ' || t.id
            FROM ledger_transaction AS t
            WHERE NOT EXISTS (SELECT 1 FROM ledger_entry AS e WHERE e.transaction_id = t.id)
        ) AS lost
    """,
    "ledger: balances equal the sums of their entries": """
        WITH sums AS (
            SELECT
                account_id,
                coalesce(sum(amount_minor) FILTER (WHERE direction = 'debit'), 0) AS debits,
                coalesce(sum(amount_minor) FILTER (WHERE direction = 'credit'), 0) AS credits,
                count(*) AS entries
            FROM ledger_entry
            GROUP BY account_id
        )

        SELECT
            count(*),
            array_agg('account ' || coalesce(b.account_id, s.account_id)) FILTER (
                WHERE (b.debits_minor, b.credits_minor, b.version)
                IS DISTINCT FROM (coalesce(s.debits, 0), coalesce(s.credits, 0), coalesce(s.entries, 0))
            )
        FROM ledger_balance AS b
        FULL JOIN sums AS s ON s.account_id = b.account_id
    """,
    "ledger: each account's history has no gap, and every running balance follows from the one before": """
        WITH history AS (
            SELECT
                e.account_id,
                e.account_version,
                e.balance_after_minor,
                row_number() OVER h AS expected_version,
                (CASE a.normal_side WHEN 'debit' THEN 1 ELSE -1 END)
                * sum(CASE e.direction WHEN 'debit' THEN e.amount_minor ELSE -e.amount_minor END) OVER h
                AS expected_balance
            FROM ledger_entry AS e
            INNER JOIN ledger_account AS a ON a.id = e.account_id
            WINDOW h AS (PARTITION BY e.account_id ORDER BY e.account_version)
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
                a.currency,
                sum(l.debits_minor - l.credits_minor) AS difference
            FROM ledger_balance AS l
            INNER JOIN ledger_account AS a ON a.id = l.account_id
            INNER JOIN ledger_book AS b ON b.id = a.book_id
            GROUP BY b.code, a.currency
        )

        SELECT count(*), array_agg(code || ' ' || currency) FILTER (WHERE difference <> 0) FROM sums
    """,
}


def checks() -> Iterator[CheckResult]:
    """Run every check of this package."""
    for name, query in _CHECKS.items():
        with connection.cursor() as cursor:
            cursor.execute(query)
            checked, wrong = cursor.fetchone()
        yield CheckResult.of(name, checked, wrong or [])
