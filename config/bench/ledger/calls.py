"""The calls of Tally's posting functions as scripts of pgbench: all that a change of their signature touches.

Accounts are `customer-100000` and up. A transaction's entries draw their accounts from as many slices of them, in
order, so that they come sorted, as `journal.post` sends them. References are as long as public ids, grow as these do,
end as scattered, and can be computed again: from the run, the client and a count.
"""

import itertools

from config.bench.ledger.books import ACCOUNTS, BOOK, FIRST_ACCOUNT, HOT
from config.bench.pgbench import Script

# The client makes the fingerprint; to the server it is 16 bytes to store, and to compare in a replay.
FINGERPRINT = "decode('00112233445566778899aabbccddeeff', 'hex')"
MAX_AMOUNT_MINOR = 100_000

# No two runs of a server may share one, or the second would be a replay.
_runs = itertools.count(1)


def posting(*, entries: int, hot: bool = False, accounts: int = ACCOUNTS) -> Script:
    """Return the script of one posting with 2 or 4 entries, the first of them to the hot account where asked for."""
    slices = _slices(accounts, entries)
    draws = [rf"\set a{number} random({first}, {last})" for number, (first, last) in enumerate(slices)]
    codes = [f"'customer-' || :a{number}::text" for number in range(entries)]
    if hot:
        codes[0] = f"'{HOT}'"
    signs = ["", "-"] * (entries // 2)
    text = "\n".join(
        [
            r"\set n :n + 1",
            *draws,
            rf"\set amount random(1, {MAX_AMOUNT_MINOR})",
            _post(
                reference=_reference(run=":run", client=":client_id", n=":n"),
                codes=codes,
                amounts=[f"{sign}:amount::bigint" for sign in signs],
            ),
        ]
    )
    return Script(text, {"run": next(_runs), "n": 0})


def replay(*, run: int, clients: int, each: int) -> Script:
    """Return the script that posts again what `batches` posted in this run, with other accounts and amounts.

    The fingerprint alone says that the contents are the same.
    """
    text = "\n".join(
        [
            rf"\set client random(0, {clients - 1})",
            rf"\set n random(1, {each})",
            _post(
                reference=_reference(run=":run", client=":client", n=":n"),
                codes=[f"'customer-{FIRST_ACCOUNT + place}'" for place in range(2)],
                amounts=["100", "-100"],
            ),
        ]
    )
    return Script(text, {"run": run})


def batches(*, size: int, accounts: int = ACCOUNTS) -> Script:
    """Return the script of one call that posts ``size`` transactions of 2 entries, all or none.

    The server makes the arrays that a client would send: its time counts against us.
    """
    (first, last), (next_first, next_last) = _slices(accounts, 2)
    reference = _reference(run=":run", client=":client_id", n=f":n * {size} + g")
    text = rf"""
SELECT cardinality(p.r_ids)
FROM (SELECT array_agg({reference}) AS refs FROM generate_series(1, {size}) AS g) AS t
CROSS JOIN (
    SELECT
        array_agg(1 + i / 2) AS positions,
        array_agg((1 + i % 2)::smallint) AS ordinals,
        array_agg(
            'customer-' || CASE i % 2 WHEN 0 THEN random({first}, {last}) ELSE random({next_first}, {next_last}) END
        ) AS codes,
        array_agg((CASE i % 2 WHEN 0 THEN 100 + i / 2 ELSE -100 - i / 2 END)::bigint) AS amounts
    FROM generate_series(0, {2 * size - 1}) AS i
) AS e
CROSS JOIN LATERAL ledger_post_batch(
    '{BOOK}', array_fill(true, ARRAY[{size}]), t.refs, array_fill({FINGERPRINT}, ARRAY[{size}]),
    array_fill('sale'::text, ARRAY[{size}]), array_fill(now(), ARRAY[{size}]),
    array_fill(''::text, ARRAY[{size}]), array_fill('{{}}'::jsonb, ARRAY[{size}]),
    e.positions, e.ordinals, e.codes, array_fill('EUR'::text, ARRAY[{2 * size}]), e.amounts,
    array_fill('P'::text, ARRAY[{2 * size}]), '{{}}', '{{}}', '{{}}', '{{}}', '{{}}'
) AS p;
\set n :n + 1
"""
    return Script(text, {"run": next(_runs), "n": 0})


def _post(*, reference: str, codes: list[str], amounts: list[str]) -> str:
    currencies = ",".join(["EUR"] * len(codes))
    ordinals = ",".join(str(ordinal) for ordinal in range(1, len(codes) + 1))
    return (
        f"SELECT ledger_post('{BOOK}', {reference}, {FINGERPRINT}, 'sale', now(), true, '', '{{}}'::jsonb,"
        f" ARRAY[{', '.join(codes)}], '{{{currencies}}}'::text[], ARRAY[{', '.join(amounts)}]::bigint[],"
        f" '{{{ordinals}}}'::smallint[]);"
    )


def _reference(*, run: str, client: str, n: str) -> str:
    """Return the SQL of a reference of 30 characters: what comes late sorts late, whoever sends it."""
    count = f"({n}::integer)"
    time = f"lpad(to_hex({run}::integer), 4, '0') || lpad(to_hex({count}), 8, '0')"
    tail = f"left(md5(concat_ws('-', {run}::integer, {client}::integer, {count})), 14)"
    return f"'ord_' || {time} || {tail}"


def _slices(accounts: int, count: int) -> list[tuple[int, int]]:
    """Return the first and the last account of each of ``count`` slices."""
    width = accounts // count
    return [(FIRST_ACCOUNT + width * place, FIRST_ACCOUNT + width * (place + 1) - 1) for place in range(count)]
