"""What sales leave behind besides payments: rows in every list of the admin that grows with them.

Written by SQL for each payment of a truth (config/bench/reconcile/truth.py): copies of rows that the code itself has
made, under other ids and at other times. Needs a superuser, who may leave triggers out.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NoReturn
from uuid import uuid4

from django.db import connection
from django_subatomic.db import transaction

from checkout.add_product import add_product
from checkout.complete_session import Payment, complete_session
from checkout.create_session import NewSession, create_session
from checkout.price_lines import LineItem
from config.bench.reconcile.truth import BOOK, PSP
from config.staff.models import AuditEvent, Outcome
from exactly_once import webhook_endpoints
from exactly_once.keys import KeyedRequest
from exactly_once.relay import feed_all
from ledger.money import Money
from payments.open_break import Finding, open_break
from payments.states import BreakKind

CLIENT, SKU = "cli_bench", "BENCH"
# So many of the latest breaks are open, webhooks have failed, and payments are in doubt.
OPEN = 500

# What a copy for payment p has of its own. Its keys are p's, so that what belongs together is found.
_PRICE = {"subtotal_minor": "p.amount", "discount_minor": "0", "total_minor": "p.amount", "currency": "p.currency"}
_OF_SALE: Mapping[str, Mapping[str, str]] = {
    "checkout_checkoutsession": {
        **_PRICE,
        "public_id": "'order' || p.id",
        "buyer_email": "'buyer' || p.id || '@example.com'",
        "purchase_hash": "sha256(int8send(p.id))",
        "created_at": "p.at",
    },
    "checkout_sessionline": {"session_id": "p.id", "unit_amount_minor": "p.amount", "discount_minor": "0"},
    "checkout_reservation": {"session_id": "p.id", "created_at": "p.at"},
    "checkout_stockmovement": {"reference": "'order' || p.id", "created_at": "p.at"},
    "checkout_order": {
        **_PRICE,
        "public_id": "'ord_bench' || p.id",
        "session_id": "p.id",
        "payment_intent": "'pi_bench' || p.id",
        "buyer_email": "'buyer' || p.id || '@example.com'",
        "created_at": "p.at",
    },
    "checkout_orderline": {"order_id": "p.id", "unit_amount_minor": "p.amount", "discount_minor": "0"},
    "checkout_discountredemption": {"session_id": "p.id", "redeemer": "'buyer' || p.id", "created_at": "p.at"},
    "exactly_once_idempotencykey": {"key": "'bench' || p.id", "subject": "'order' || p.id", "created_at": "p.at"},
    "exactly_once_outboxevent": {
        "id": "md5('bench' || p.id)::uuid",
        "aggregateid": "'ord_bench' || p.id",
        "seq": "p.id",
        "occurred_at": "p.at",
        "recorded_at": "p.at",
    },
    "exactly_once_handlerrun": {
        "event_id": "md5('bench' || p.id)::uuid",
        "state": "'done'",
        "next_attempt_at": "NULL",
        "done_at": "p.at",
    },
    "exactly_once_webhookdelivery": {
        "event_id": "md5('bench' || p.id)::uuid",
        "state": "'delivered'",
        "next_attempt_at": "NULL",
        "delivered_at": "p.at",
        "created_at": "p.at",
    },
    "staff_auditevent": {"at": "p.at", "object_ids": "jsonb_build_array(p.id::text)"},
    "payments_break": {
        "public_id": "'brk_bench' || p.id",
        "subject": "'bench' || p.id",
        "state": "'resolved'",
        "opened_at": "p.at",
        "due_at": "p.at + interval '2 days'",
        "resolution": "'explained'",
        "reason": "'It was there a day later.'",
        "resolved_by": "'bench'",
        "resolved_at": "p.at + interval '1 day'",
    },
}
# A break for each of so many payments.
_BREAKS_EACH = 20
_DISCOUNT = """
INSERT INTO checkout_discount (code, title, kind, percent, active, redeemed)
VALUES ('ALL', 'All of it', 'percent', 100, true, 0)
"""
_INBOX = """
INSERT INTO exactly_once_inboxevent
(id, source, account, event_id, state, attempts, last_error, received_at, processed_at, subjects)
SELECT
    p.id, 'stripe', 'main', 'evt_bench' || p.id, CASE WHEN l.late THEN 'failed' ELSE 'processed' END, 1,
    CASE WHEN l.late THEN 'no such payment' ELSE '' END, p.at, CASE WHEN l.late THEN NULL ELSE p.at END,
    ARRAY['ch_bench' || p.id, 'pi_bench' || p.id]
FROM bench_payment AS p CROSS JOIN LATERAL (SELECT p.i > %(payments)s - %(open)s AS late) AS l
"""
_LINES = """
INSERT INTO payments_settlementline
(psp, psp_account, line_id, kind, gross_minor, fee_minor, net_minor, currency, original_currency, psp_reference,
    payment_reference, payout_reference, payout_state, reason, occurred_at, raw, imported_at, state, checks, detail,
    settled_at, book, booked_fee_minor, capture_id, refund_id)
SELECT
    'stripe', 'main', line_id, kind, gross_minor, fee_minor, gross_minor - fee_minor, currency, '', psp_reference,
    payment_reference, 'po_' || occurred_at::date, '', '', occurred_at, '{}', occurred_at, 'matched', 0, '',
    occurred_at, 'shop', fee_minor, capture_id, refund_id
FROM bench_line WHERE expected = 'matched' ORDER BY occurred_at
"""
_OPEN = """
UPDATE payments_break SET state = 'open', resolution = '', reason = '', resolved_by = '', resolved_at = NULL
WHERE id IN (SELECT id FROM payments_break ORDER BY id DESC LIMIT %(open)s)
"""
_GIVEN = """
UPDATE exactly_once_sinkposition SET (xid, seq) = (
    SELECT o.xid, o.seq FROM exactly_once_outboxevent AS o ORDER BY o.xid DESC, o.seq DESC LIMIT 1
)
"""
_IN_DOUBT = """
UPDATE payments_attempt SET state = 'unknown', settled_at = NULL
WHERE id > 1000000 + %(payments)s - %(open)s
"""


def write_shop(*, payments: int, now: datetime) -> None:
    """Write the rest of so many sales, the latest at ``now``."""
    _sell_one(now)
    told = {"payments": payments, "open": min(OPEN, payments // 10)}
    with transaction(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table, changed in _OF_SALE.items():
            _copy(cursor, table, changed, every=_BREAKS_EACH if table == "payments_break" else 1)
        for statement in (_INBOX, _LINES, _IN_DOUBT, _OPEN, _GIVEN):
            cursor.execute(statement, told)


def _copy(cursor: Any, table: str, changed: Mapping[str, str], *, every: int) -> None:
    """Copy a table's last row for every so many payments, with the payment's key where it has a number."""
    cursor.execute("SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s", [table])
    columns = dict(cursor.fetchall())
    numbered = {"id": "p.id"} if columns["id"] == "bigint" else {}
    each = {name: f"t.{name}" for name in columns} | numbered | dict(changed)
    cursor.execute(
        f"INSERT INTO {table} ({', '.join(each)}) OVERRIDING SYSTEM VALUE SELECT {', '.join(each.values())}"
        f" FROM (SELECT * FROM {table} ORDER BY {'id' if numbered else 'seq'} DESC LIMIT 1) AS t"
        f" CROSS JOIN bench_payment AS p WHERE p.i % {every} = 0 ORDER BY p.i"
    )


def _sell_one(now: datetime) -> None:
    """Have a row of each kind: of a sale that costs nothing, because no PSP is there to be asked."""
    with transaction(), connection.cursor() as cursor:
        add_product(sku=SKU, name=SKU, description="", prices={"EUR": 1000}, on_hand=10, reference="bench", now=now)
        cursor.execute(_DISCOUNT)
        webhook_endpoints.create_endpoint(
            client=CLIENT, url="http://127.0.0.1:9", event_types=["*"], description="", now=now, allow_private=True
        )
        new = NewSession("EUR", [LineItem(SKU, 1)], buyer_email="buyer@example.com", discount_code="ALL")
        session = create_session(client=CLIENT, new=new, now=now)
        AuditEvent.objects.create(
            at=now, actor="bench", action="ledger_account_statement", outcome=Outcome.DONE, object_type="ledger.account"
        )
        finding = Finding(
            kind=BreakKind.AMOUNT_MISMATCH,
            book=BOOK,
            psp=PSP,
            psp_account="main",
            subject="bench",
            money=Money(100, "EUR"),
            received=True,
            in_suspense=True,
            detail="EUR 1.00 more",
        )
        open_break(finding=finding, now=now)
    keyed = KeyedRequest(CLIENT, str(uuid4()), bytes(32))
    complete_session(keyed=keyed, session_id=str(session["id"]), payment=Payment(None), now=now, refuse=_refuse)
    feed_all(now=now)


def _refuse(error: Exception) -> NoReturn:
    raise error
