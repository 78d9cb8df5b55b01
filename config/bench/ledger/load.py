"""Existing entries, written straight into the tables as the posting functions would have left them.

Not here: what is posted while the clock runs (calls.py, clients).
"""

import psycopg

from config.bench.ledger.books import ACCOUNTS, BOOK, FIRST_ACCOUNT

# At once: bounds what one statement holds in memory and temporary files.
CHUNK = 500_000
AMOUNT_MINOR = 100
# Steps through the second half of the accounts; no factor in common with their number, so that each has its turn.
STRIDE = 7919

# Transaction i debits the account at i mod half, and credits the one at half + (i * stride) mod half. Each account has
# one turn in every `half` transactions, so its version, and with it its balance, is known without looking.
_PREPARE = f"""
SET session_replication_role = replica;
SET synchronous_commit = off;
CREATE TEMP TABLE slots ON COMMIT PRESERVE ROWS AS
SELECT substring(a.code FROM '[0-9]+$')::integer - {FIRST_ACCOUNT} AS slot, a.id AS account_id, a.book_id
FROM ledger_account AS a
INNER JOIN ledger_book AS b ON b.id = a.book_id
WHERE b.code = '{BOOK}' AND a.code LIKE 'customer-%';
CREATE UNIQUE INDEX ON slots (slot) INCLUDE (account_id);
ANALYZE slots;
"""

_TRANSACTIONS = f"""
INSERT INTO ledger_transaction
    (id, effective_at, recorded_at, book_id, reference, fingerprint, kind, description, metadata)
OVERRIDING SYSTEM VALUE
SELECT
    i, now(), now(), b.id, 'ord_' || left(md5('loaded-' || i), 26), decode(md5(i::text), 'hex'), 'sale', '', '{{}}'
FROM generate_series(%(first)s::bigint, %(last)s) AS i
CROSS JOIN (SELECT id FROM ledger_book WHERE code = '{BOOK}') AS b;
"""

_ENTRIES = f"""
INSERT INTO ledger_entry
    (id, amount_minor, balance_after_minor, account_version, account_id, stripe, currency, direction, status)
SELECT
    (i << 10) + side,
    {AMOUNT_MINOR},
    CASE side WHEN 1 THEN -{AMOUNT_MINOR} ELSE {AMOUNT_MINOR} END * ((i - 1) / %(half)s + 1),
    (i - 1) / %(half)s + 1,
    s.account_id,
    0,
    'EUR',
    CASE side WHEN 1 THEN 'D' ELSE 'C' END,
    'P'
FROM generate_series(%(first)s::bigint, %(last)s) AS i
CROSS JOIN generate_series(1, 2) AS side
INNER JOIN slots AS s
    ON s.slot = CASE side WHEN 1 THEN i %% %(half)s ELSE %(half)s + (i * {STRIDE}) %% %(half)s END;
"""

_BALANCES = f"""
UPDATE ledger_balance AS l SET
    debits_minor = CASE WHEN s.slot < %(half)s THEN %(turns)s * {AMOUNT_MINOR} ELSE 0 END,
    credits_minor = CASE WHEN s.slot < %(half)s THEN 0 ELSE %(turns)s * {AMOUNT_MINOR} END,
    net_low_minor = CASE WHEN s.slot < %(half)s THEN 1 ELSE -1 END * %(turns)s * {AMOUNT_MINOR},
    net_high_minor = CASE WHEN s.slot < %(half)s THEN 1 ELSE -1 END * %(turns)s * {AMOUNT_MINOR},
    version = %(turns)s
FROM slots AS s
WHERE l.account_id = s.account_id;
"""

_SEQUENCE = "SELECT setval(pg_get_serial_sequence('ledger_transaction', 'id'), %(last)s)"


def load(*, url: str, entries: int, accounts: int = ACCOUNTS, chunk: int = CHUNK) -> int:
    """Fill a freshly opened book with about this many entries, and return how many they are.

    :param url: the database as its superuser, who may switch triggers off.
    """
    half = accounts // 2
    turns = max(1, entries // 2 // half)
    total = turns * half
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_PREPARE.encode())
        for first in range(1, total + 1, chunk):
            span = {"first": first, "last": min(first + chunk - 1, total), "half": half}
            connection.execute(_TRANSACTIONS.encode(), span)
            connection.execute(_ENTRIES.encode(), span)
        connection.execute(_BALANCES.encode(), {"half": half, "turns": turns})
        connection.execute(_SEQUENCE.encode(), {"last": total})
    return 2 * total
