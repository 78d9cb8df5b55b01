"""A shop that has sold for years: so many orders more, each a copy of one that was bought for real.

Run as a program in the environment of the stand's database, as its owner. Rows of every table that a checkout writes
come with other names, by SQL; their postings are real ones, 1,000 in a call. Keys of copies are negative: what is
bought afterwards comes behind them, as it would.
"""

import sys
from datetime import UTC, datetime
from typing import Any

import django
from django.db import connection
from django_subatomic.db import transaction

ORDERS_AT_ONCE, POSTINGS_AT_ONCE = 100_000, 1_000

_TEMPLATE = """
SELECT
    s.id AS session, s.public_id AS session_name, o.id AS "order", o.public_id AS order_name,
    i.id AS intent, i.public_id AS intent_name, a.id AS attempt, a.psp, i.book, i.currency, i.amount_minor,
    (SELECT max(e.id) FROM exactly_once_inboxevent AS e WHERE e.state = 'processed') AS event
FROM checkout_order AS o
INNER JOIN checkout_checkoutsession AS s ON s.id = o.session_id
INNER JOIN payments_paymentintent AS i ON i.public_id = o.payment_intent
INNER JOIN payments_attempt AS a ON a.intent_id = i.id AND a.state = 'captured'
WHERE o.id > 0
ORDER BY o.id
LIMIT 1
"""
# The key of one of a few rows that an order leaves in a table, written together.
_EACH = "-10 * n - mod(t.id, 10)"
# Each table: which of its rows are copied, and what is another in each copy, n.
_COPIES = {
    "checkout_checkoutsession": (
        "t.id = %(session)s",
        (
            "'id', -n, 'public_id', 'chk_past' || n, 'buyer_email', 'past' || n || '@example.com',"
            " 'purchase_hash', '\\x' || encode(sha256(int8send(n::bigint)), 'hex')"
        ),
    ),
    "checkout_sessionline": ("t.session_id = %(session)s", "'id', -n, 'session_id', -n"),
    "checkout_reservation": ("t.session_id = %(session)s", "'id', -n, 'session_id', -n"),
    "checkout_stockmovement": (
        "t.reference = %(session_name)s",
        f"'id', {_EACH}, 'reference', 'chk_past' || n",
    ),
    "checkout_order": (
        "t.id = %(order)s",
        (
            "'id', -n, 'session_id', -n, 'public_id', 'ord_past' || n, 'payment_intent', 'pi_past' || n,"
            " 'buyer_email', 'past' || n || '@example.com'"
        ),
    ),
    "checkout_orderline": ("t.order_id = %(order)s", "'id', -n, 'order_id', -n"),
    "payments_paymentintent": (
        "t.id = %(intent)s",
        "'id', -n, 'public_id', 'pi_past' || n, 'order_reference', 'chk_past' || n",
    ),
    "payments_intentpart": ("t.intent_id = %(intent)s", f"'id', {_EACH}, 'intent_id', -n"),
    "payments_attempt": (
        "t.id = %(attempt)s",
        "'id', -n, 'uuid', gen_random_uuid(), 'intent_id', -n, 'psp_reference', 'pi_past' || n",
    ),
    "payments_capture": (
        "t.attempt_id = %(attempt)s",
        (
            "'id', -n, 'uuid', gen_random_uuid(), 'public_id', 'cap_past' || n, 'attempt_id', -n,"
            " 'psp_reference', 'pi_past' || n"
        ),
    ),
    "exactly_once_idempotencykey": (
        "t.subject = %(session_name)s OR t.location LIKE '%%/' || %(session_name)s",
        (
            "'id', -2 * n - (t.subject = '')::integer, 'key', 'past' || n || t.subject,"
            " 'subject', CASE t.subject WHEN '' THEN '' ELSE 'chk_past' || n END, 'location', '/chk_past' || n"
        ),
    ),
    "exactly_once_outboxevent": (
        "t.aggregateid IN (%(order_name)s, %(intent_name)s)",
        (
            "'id', md5(t.id::text || n), 'aggregateid', left(t.aggregateid, 3) || '_past' || n,"
            " 'seq', -2 * n - (t.aggregateid = %(order_name)s)::integer"
        ),
    ),
    "exactly_once_handlerrun": (
        "t.event_id IN (SELECT e.id FROM exactly_once_outboxevent AS e WHERE e.aggregateid = %(order_name)s)",
        "'id', -n, 'event_id', md5(t.event_id::text || n)",
    ),
    "exactly_once_inboxevent": (
        "t.id = %(event)s",
        "'id', -n, 'event_id', 'evt_past' || n, 'subjects', jsonb_build_array('pi_past' || n)",
    ),
    "exactly_once_inboxbody": ("t.event_id = %(event)s", "'event_id', -n"),
}


def write_past(*, orders: int) -> None:
    """Write so many orders, and what each of them left behind."""
    for first in range(1, orders + 1, ORDERS_AT_ONCE):
        _copy(_template(), first, min(first + ORDERS_AT_ONCE - 1, orders))
    _post(_template(), orders)


def _template() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(_TEMPLATE)
        names = [column.name for column in cursor.description]
        return dict(zip(names, cursor.fetchone(), strict=True))


def _copy(template: dict[str, Any], first: int, last: int) -> None:
    with transaction(), connection.cursor() as cursor:
        # What triggers look at is so by itself; they would take minutes.
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table, (chosen, changed) in _COPIES.items():
            statement = (
                f"INSERT INTO {table} SELECT (jsonb_populate_record(t, jsonb_build_object({changed}))).*"
                f" FROM {table} AS t CROSS JOIN generate_series({first}, {last}) AS n WHERE {chosen}"
            )
            cursor.execute(statement, template)
            if not cursor.rowcount:
                raise AssertionError(f"the order that is copied has left nothing in {table}")


def _post(template: dict[str, Any], orders: int) -> None:
    """Post what each of them brought, by the rule that real ones go by."""
    from ledger import journal  # noqa: PLC0415 - only with settings
    from ledger.money import Money  # noqa: PLC0415 - the same
    from payments import posting_rules  # noqa: PLC0415 - the same

    now, money = datetime.now(UTC), Money(template["amount_minor"], template["currency"])
    for first in range(1, orders + 1, POSTINGS_AT_ONCE):
        drafts = [
            posting_rules.captured(
                payment=posting_rules.Payment(template["psp"], "main", f"pi_past{n}", f"chk_past{n}"),
                number=1,
                money=money,
                released=None,
                final=True,
                now=now,
            )
            for n in range(first, min(first + POSTINGS_AT_ONCE, orders + 1))
        ]
        with transaction():
            journal.post(book=template["book"], drafts=drafts)


if __name__ == "__main__":
    django.setup()
    write_past(orders=int(sys.argv[1]))
