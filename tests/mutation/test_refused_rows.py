"""Each guard of the database refuses a row that breaks it, whoever writes: the plainest proof that it is there."""

from collections.abc import Iterator

import pytest
from django.db import DatabaseError, connection
from django.db.transaction import atomic

from tests.mutation.guards import GUARDS, in_the_database
from tests.mutation.payment_breaks import PAYMENT_BREAKS, PAYMENT_OTHERWISE
from tests.mutation.world import populate
from tests.psp import Psp

pytestmark = pytest.mark.django_db(transaction=True)

# What an UPDATE of any row would have to set to break each check; a WHERE where not any row will do.
BREAKS = {
    **PAYMENT_BREAKS,
    "access_apikey_requests_per_minute_check": "requests_per_minute = -1",
    "audit_event_names_its_action": "action = ''",
    "audit_event_outcome_known": "outcome = 'x'",
    "recovery_code_used_after_made": "used_at = created_at - interval '1 second'",
    "event_source_id_at_one_place": """key_pointers = '["/a", "/b"]'""",
    "event_source_key_kind_known": "key_by = 'x'",
    "event_source_window_positive": "\"window\" = '0'",
    "handler_run_state_known": "state = 'x'",
    "idempotency_key_finished_has_response": "response_body = NULL",
    "inbox_event_state_known": "state = 'x'",
    "inbox_event_traceparent": "traceparent = '00-x'",
    "ledger_account_side_known": "normal_side = 'x'",
    "ledger_account_type_known": "type = 'x'",
    "ledger_balance_within_limits": "net_min_minor = net_low_minor + 1",
    "ledger_import_run_state_known": "state = 'x'",
    "ledger_invariant_complete": "within_days = 1 WHERE kind = 'sum'",
    "ledger_invariant_within_days_check": "within_days = -1 WHERE kind = 'empties'",
    "ledger_remainder_within_total": "used_minor = total_minor + 1",
    "ledger_resolution_action_known": "action = 'x'",
    "ledger_resolution_not_itself": "target_id = transaction_id",
    "ledger_seal_position_one": "id = 2",
    "cancellation_amount_not_negative": "amount_minor = -1",
    "cancellationline_quantity_positive": "quantity = 0",
    "return_amount_not_negative": "amount_minor = -1",
    "returnline_disposition_known": "disposition = 'x'",
    "returnline_quantity_positive": "quantity = 0",
    "shipment_amount_not_negative": "amount_minor = -1",
    "shipmentline_quantity_positive": "quantity = 0",
    "cart_line_quantity_within": "quantity = 0",
    "cart_merged_into_another": "merged_into_id = id WHERE state = 'merged'",
    "cart_state_known": "state = 'x', merged_into_id = NULL",
    "checkoutsession_shipping_discount_within": "shipping_discount_minor = -1",
    "checkoutsession_totals_add_up": "total_minor = total_minor + 1",
    "checkoutsession_totals_not_negative": "shipping_tax_minor = -1",
    "discount_amount_not_negative": "minimum_subtotal_minor = -1",
    "discount_ends_after_it_begins": "valid_from = now(), valid_until = now()",
    "discount_limits_positive": "limit_per_customer = 0",
    "discount_percent_of_its_kind": "percent = NULL",
    "discount_within_its_limit": "limit_total = 1, redeemed = 2",
    "order_shipping_discount_within": "shipping_discount_minor = fulfillment_minor + 1",
    "order_paid_unless_free": "payment_intent = NULL",
    "order_state_known": "state = 'x'",
    "order_totals_add_up": "total_minor = total_minor + 1",
    "order_totals_not_negative": "shipping_tax_minor = -1",
    "orderline_discount_within": "discount_minor = quantity * unit_amount_minor + 1",
    "orderline_handled_within": "canceled = quantity + 1",
    "orderline_quantity_positive": "quantity = 0, discount_minor = 0, shipped = 0, canceled = 0, returned = 0",
    "orderline_returned_within": "returned = shipped + 1",
    "price_below_compare_at": "compare_at_minor = unit_amount_minor",
    "price_ends_after_it_begins": "valid_from = now(), valid_until = now()",
    "price_positive": "unit_amount_minor = 0",
    "product_late_payment_policy_known": "late_payment_policy = 'x'",
    "redemption_slot_below_the_limit": "slot = 5, slots = 5",
    "redemption_state_known": "state = 'x'",
    "reservation_quantity_positive": "quantity = 0",
    "reservation_state_known": "state = 'x'",
    "session_state_known": "state = 'x'",
    "sessionline_discount_within": "discount_minor = -1",
    "sessionline_quantity_positive": "quantity = 0, discount_minor = 0",
    "shipping_price_has_a_weight": "weight_from_grams = 5, weight_until_grams = 5",
    "shipping_price_not_negative": "amount_minor = -1",
    "shipping_price_region_of_a_country": "country = '', region = 'CA'",
    "stock_item_never_oversold": "reserved = on_hand + 1",
    "stock_movement_of_its_kind": "on_hand_delta = 0, reserved_delta = 0",
    "taxrate_ends_after_it_begins": "valid_from = now(), valid_until = now()",
    "taxrate_is_a_percentage": "percent = 101",
    "variant_weight_not_negative": "weight_grams = -1",
    "webhook_delivery_due_while_pending": "next_attempt_at = NULL",
    "webhook_delivery_state_known": "state = 'x', next_attempt_at = NULL",
    "webhook_secret_ends_after_it_begins": "valid_until = valid_from - interval '1 s'",
}
# Checks that break together with the one that is meant.
BESIDE = {
    "payment_part_kind_known": ("payment_part_named",),
    "payment_attempt_amount_positive": ("payment_attempt_refunds_within_capture",),
    "payment_attempt_refunds_within_capture": (),
    "payment_file_state_known": ("payment_file_whole",),
    "payment_break_state_known": ("payment_break_resolved_for_a_reason",),
    "payment_decision_state_known": ("payment_decision_by_another",),
    "payment_resolution_state_known": ("payment_resolution_by_another",),
    "ledger_invariant_within_days_check": ("ledger_invariant_complete",),
}
TRIGGERS = {
    "closed": ("UPDATE {table} SET note = 'x' WHERE state <> 'proposed'", "fixed"),
    "append_only": ("UPDATE {table} SET {column} = {column}", "append-only"),
    "counts_events": ("UPDATE {table} SET shipped = shipped - 1 WHERE shipped > returned", "counts_events"),
    "final": ("UPDATE {table} SET state = 'x' WHERE state IN ('finished', 'processed')", "final"),
    "fixed": ("UPDATE {table} SET public_id = 'x'", "fixed"),
    "follows_table": ("UPDATE {table} SET state = 'pending'", "follows_table"),
    "frozen": ("UPDATE {table} SET amount_minor = amount_minor", "frozen"),
    "made_of_parts": ("UPDATE {table} SET amount_minor = amount_minor + 1", "made_of_parts"),
    "kept": ("DELETE FROM {table}", "kept"),
    "kept_once_applied": ("UPDATE {table} SET line = line + 1", "are kept"),
    "lines_add_up": ("UPDATE {table} SET quantity = quantity + 1", "lines_add_up"),
    "of_suspense": (
        """INSERT INTO {table} (public_id, uuid, about_id, psp, psp_account, payment_reference, amount_minor, currency,
        state, reason, asked_by, failure_reason, created_at, checks)
        SELECT 'x', gen_random_uuid(), b.id, b.psp, b.psp_account, 'x', b.amount_minor + 1,
        b.currency, 'pending', 'x', 'x', '', now(), 0 FROM payments_break AS b WHERE subject = 'line:txn_other'""",
        "of_suspense",
    ),
    "refunded_once_paid": (
        """UPDATE {table} SET state = 'resolved', resolution = 'refunded', reason = 'x', resolved_by = 'x',
        resolved_at = now() WHERE state = 'open' AND in_suspense""",
        "refunded_once_paid",
    ),
    "only_moved": ("UPDATE {table} SET on_hand = on_hand + 1", "movement alone"),
    "only_parted": ("UPDATE {table} SET quantity = quantity + 1", "fixed"),
    "starts_empty": (
        "INSERT INTO {table} (on_hand, reserved, variant_id, location_id) SELECT 1, 0, variant_id, 0 FROM {table}",
        "is empty",
    ),
    "key_fixed": ("UPDATE {table} SET name = 'other'", "key"),
    "paid_out_once": ("UPDATE {table} SET payout_reference = 'x'", "goes out by"),
}
# Where that is not what breaks the trigger's rule.
OTHERWISE = {
    **PAYMENT_OTHERWISE,
    ("checkout_cart", "follows_table"): "UPDATE {table} SET state = 'open' WHERE state = 'ordered'",
    ("checkout_checkoutsession", "lines_add_up"): "UPDATE {table} SET subtotal_minor = subtotal_minor + 1,"
    " total_minor = total_minor + 1",
    ("checkout_discountredemption", "follows_table"): "UPDATE {table} SET state = 'held'",
    ("checkout_reservation", "fixed"): "UPDATE {table} SET session_id = session_id + 1",
    ("checkout_reservation", "follows_table"): "UPDATE {table} SET state = 'expired' WHERE state = 'consumed'",
    ("checkout_order", "follows_table"): "UPDATE {table} SET state = 'completed' WHERE state = 'confirmed'",
    ("checkout_order", "lines_add_up"): "UPDATE {table} SET subtotal_minor = subtotal_minor + 1,"
    " total_minor = total_minor + 1",
}

_COLUMNS = """
SELECT a.attname, format_type(a.atttypid, NULL), a.attnum = ANY(i.indkey)
FROM pg_attribute AS a LEFT JOIN pg_index AS i ON i.indrelid = a.attrelid AND i.indisprimary
WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_INDEX = """
SELECT coalesce(pg_get_expr(i.indpred, i.indrelid), 'true'),
    ARRAY(SELECT a.attname FROM pg_attribute AS a WHERE a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey))
FROM pg_index AS i WHERE i.indexrelid = %s::regclass
"""


class _RolledBackError(Exception):
    """No error: it ends the transaction that broke the rows."""


@pytest.fixture(autouse=True)
def _world(psp: Psp) -> None:
    assert psp.requests() == 0
    populate()


def run(statement: str, *arguments: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        return int(cursor.rowcount)


def rows(statement: str, *arguments: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        return list(cursor.fetchall())


def refusal(statement: str) -> str | None:
    """Return which constraint refuses the statement, or what a trigger says; None where it goes through."""
    try:
        with atomic():
            assert run(statement) > 0, f"no row to break: {statement}"
    except DatabaseError as error:
        return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or str(error)
    return None


def acts() -> Iterator[tuple[str, str, str]]:
    """Return (guard, what a refusal names, the statement) of every guard that is listed."""
    there = in_the_database()
    for table, names in GUARDS.items():
        for name in names:
            kind, definition = there.get((table, name), ("", ""))
            if name in BREAKS:
                yield name, name, f"UPDATE {table} SET {BREAKS[name]}"
            elif name.startswith("pgtrigger_"):
                trigger = name.removeprefix("pgtrigger_").rsplit("_", 1)[0]
                if trigger not in TRIGGERS:
                    continue
                usual, said = TRIGGERS[trigger]
                statement = OTHERWISE.get((table, trigger), usual)
                column = str(rows(_COLUMNS, table)[0][0])
                yield f"{table}.{name}", said, statement.format(table=table, column=column)
            elif _is_unique(kind, definition):
                yield name, name, _copy_of_a_row(table, name)


def _is_unique(kind: str, definition: str) -> bool:
    return kind == "index" or definition.startswith(("UNIQUE", "EXCLUDE"))


def _copy_of_a_row(table: str, unique: str) -> str:
    ((predicate, indexed),) = rows(_INDEX, unique)
    columns = rows(_COLUMNS, table)
    key_free = {"uuid": "gen_random_uuid()"}
    values = [
        key_free.get(str(kind), f"(SELECT max({name}) + 1 FROM {table})") if is_key else str(name)
        for name, kind, is_key in columns
    ]
    known = " AND ".join(["true", *(f"{name} IS NOT NULL" for name in indexed)])  # type: ignore[attr-defined]  # an array
    names = ", ".join(f'"{name}"' for name, _, _ in columns)
    chosen = ", ".join(value if value.startswith(("(", "gen")) else f'"{value}"' for value in values)
    return f"INSERT INTO {table} ({names}) SELECT {chosen} FROM {table} WHERE {predicate} AND {known} LIMIT 1"


def test_every_guard_refuses_what_breaks_it() -> None:
    # Acts on a guard that is gone find it gone: then this test says so.
    wrong = {guard: said for guard, named, said in _tried() if named not in (said or "")}

    assert wrong == {}


def _tried() -> Iterator[tuple[str, str, str | None]]:
    for guard, named, statement in acts():
        said: str | None = None
        with pytest.raises(_RolledBackError), atomic():  # noqa: PT012 - everything is to be rolled back
            if "pgtrigger_" in guard:
                run("SET CONSTRAINTS ALL IMMEDIATE")
            else:
                _leave_alone(guard)
            said = refusal(statement)
            raise _RolledBackError
        yield guard, named, said


def _leave_alone(guard: str) -> None:
    """Take away all other guards of the table, so that the one that is meant has to speak."""
    table = next(table for table, names in GUARDS.items() if guard in names)
    run("SET LOCAL session_replication_role = replica")
    for (owner, name), (kind, definition) in in_the_database().items():
        others = _is_unique(kind, definition) or name in BESIDE.get(guard, ())
        if owner == table and name != guard and others:
            run(f'DROP INDEX "{name}"' if kind == "index" else f'ALTER TABLE {owner} DROP CONSTRAINT "{name}"')


def test_every_guard_is_attacked_here_or_by_the_acts_of_the_ledger() -> None:
    elsewhere = {
        "ledger_entries_valid",
        "ledger_stripes_without_limits",
        "outbox_event_traceparent",
        "pgtrigger_counted_274f5",
        "pgtrigger_counted_3b86a",
        "pgtrigger_counted_4ea9f",
        "pgtrigger_counted_a8235",
        "pgtrigger_counted_a83c1",
        "pgtrigger_moves_stock_01bb7",
        "pgtrigger_of_its_parts_7966b",
        "pgtrigger_of_its_parts_89a42",
        "pgtrigger_of_its_parts_e9d04",
        "pgtrigger_paid_c4145",
        "pgtrigger_shares_add_up_4f2db",
        "pgtrigger_shares_add_up_bdb9d",
        "pgtrigger_within_order_2e7b4",
        "pgtrigger_within_order_b1881",
        "pgtrigger_within_part_3e918",
    }
    attacked = {guard.rsplit(".", 1)[-1] for guard, _, _ in acts()}

    assert {name for names in GUARDS.values() for name in names} - attacked == elsewhere
