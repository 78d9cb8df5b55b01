"""A posting for each payment of a truth, and a book of many accounts beside the shop's: as the ledger would have it.

Transactions and entries are written straight into the tables, a chunk at a time; then everything is sealed for real.
"""

from datetime import datetime

from django.db import connection
from django_subatomic.db import transaction

from config.bench.reconcile.truth import BOOK, PSP
from ledger import seal
from ledger.accounts import AccountSpec, ensure_accounts, open_book
from payments.chart import ORDERS, ensure_sale_chart, ensure_settlement_chart, receivable

# Of people whose money somebody keeps. A shop's own book has some dozens.
WALLETS, ACCOUNTS = "wallets", 100_000
# At once: bounds what one statement holds in memory.
ACCOUNTS_AT_ONCE = 10_000

# The rows that the postings move: of a hot account its first stripe alone. Versions and balances go on from there.
_MOVED = """
CREATE TABLE bench_moved AS
SELECT
    b.id, b.account_id, b.stripe, b.version, b.currency, b.normal_sign,
    b.normal_sign * (b.debits_minor - b.credits_minor) AS balance, side.place, side.direction
FROM (VALUES (1, 'D', %(debited)s), (2, 'C', %(credited)s)) AS side (place, direction, code)
INNER JOIN ledger_balance AS b ON b.code = side.code AND b.stripe = 0
INNER JOIN ledger_book AS k ON k.id = b.book_id AND k.code = %(book)s
"""
_TRANSACTIONS = """
INSERT INTO ledger_transaction
(id, effective_at, recorded_at, book_id, reference, fingerprint, kind, description, metadata)
OVERRIDING SYSTEM VALUE
SELECT
    p.id, p.at, p.at, k.id, 'stripe:main:ch_bench' || p.id || ':captured', decode(md5(p.id::text), 'hex'),
    'payment.captured', 'Captured for order' || p.id,
    jsonb_build_object('order_reference', 'order' || p.id, 'psp_reference', 'ch_bench' || p.id)
FROM bench_payment AS p CROSS JOIN ledger_book AS k WHERE k.code = %(book)s ORDER BY p.id
"""
_ENTRIES = """
INSERT INTO ledger_entry
(id, amount_minor, balance_after_minor, account_version, account_id, stripe, currency, direction, status)
SELECT
    (p.id << 10) + m.place, p.amount, m.balance + sum(p.amount) OVER so_far, m.version + row_number() OVER so_far,
    m.account_id, m.stripe, p.currency, m.direction, 'P'
FROM bench_payment AS p INNER JOIN bench_moved AS m ON m.currency = p.currency
WINDOW so_far AS (PARTITION BY m.id ORDER BY p.id)
ORDER BY 1
"""
_BALANCES = """
UPDATE ledger_balance AS b SET
    version = b.version + s.entries,
    debits_minor = b.debits_minor + CASE s.direction WHEN 'D' THEN s.amount ELSE 0 END,
    credits_minor = b.credits_minor + CASE s.direction WHEN 'C' THEN s.amount ELSE 0 END,
    net_low_minor = b.net_low_minor + CASE s.direction WHEN 'D' THEN s.amount ELSE -s.amount END,
    net_high_minor = b.net_high_minor + CASE s.direction WHEN 'D' THEN s.amount ELSE -s.amount END
FROM (
    SELECT m.id, m.direction, count(*) AS entries, sum(p.amount) AS amount
    FROM bench_payment AS p INNER JOIN bench_moved AS m ON m.currency = p.currency GROUP BY m.id, m.direction
) AS s
WHERE b.id = s.id;
SELECT setval(pg_get_serial_sequence('ledger_transaction', 'id'), (SELECT max(id) FROM ledger_transaction))
"""


def write_books(*, accounts: int, now: datetime) -> None:
    """Post what each payment brought, and open so many accounts in a book of their own."""
    _open(accounts, now)
    told = {"book": BOOK, "debited": receivable(PSP), "credited": ORDERS}
    with transaction(), connection.cursor() as cursor:
        # What triggers look at is so by itself; they would take minutes.
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in (_MOVED, _TRANSACTIONS, _ENTRIES, *_BALANCES.split(";\n")):
            cursor.execute(statement, told)
        cursor.execute("ANALYZE ledger_transaction, ledger_entry")
    while seal.seal():
        pass


def _open(accounts: int, now: datetime) -> None:
    """Open the accounts of each currency, and the others."""
    with transaction(), connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT currency FROM bench_payment ORDER BY 1")
        currencies = [currency for (currency,) in cursor.fetchall()]
    for currency in currencies:
        with transaction():
            ensure_settlement_chart(book=BOOK, psp=PSP, currency=currency)
            ensure_sale_chart(book=BOOK, currency=currency, jurisdictions=())
    with transaction():
        open_book(code=WALLETS, name="Wallets", now=now)
    for first in range(0, accounts, ACCOUNTS_AT_ONCE):
        numbers = range(first, min(first + ACCOUNTS_AT_ONCE, accounts))
        wallets = [AccountSpec(f"wallets:{number:06d}", "EUR", "liability", "credit") for number in numbers]
        with transaction():
            ensure_accounts(book=WALLETS, accounts=wallets)
