"""Every unique constraint, exclusion, check and trigger of our tables, and how one is taken away and given back.

Not here: conditions inside the ledger's functions; tests/ledger/guarded_acts.py drops those one by one.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from tests.mutation.checkout_guards import CHECKOUT_GUARDS
from tests.mutation.payment_guards import PAYMENT_GUARDS

GUARDS = {
    "access_apikey": (
        "access_apikey_key_hash_key",
        "access_apikey_requests_per_minute_check",
    ),
    **CHECKOUT_GUARDS,
    "exactly_once_eventsource": (
        "event_source_id_at_one_place",
        "event_source_key_kind_known",
        "event_source_window_positive",
        "exactly_once_eventsource_name_key",
        "pgtrigger_key_fixed_9043b",
    ),
    "exactly_once_eventtally": ("event_tally_once_per_stripe",),
    "exactly_once_handlerrun": (
        "handler_run_once",
        "handler_run_state_known",
    ),
    "exactly_once_idempotencykey": (
        "idempotency_key_finished_has_response",
        "idempotency_key_once_per_client",
        "pgtrigger_final_8ab10",
    ),
    "exactly_once_inboxbody": ("pgtrigger_append_only_4123c",),
    "exactly_once_inboxevent": (
        "inbox_event_once",
        "inbox_event_state_known",
        "inbox_event_traceparent",
        "pgtrigger_final_8c3dd",
    ),
    "exactly_once_outboxevent": (
        "outbox_event_aggregate_version",
        "outbox_event_traceparent",
        "pgtrigger_append_only_618c3",
    ),
    "exactly_once_sinkposition": ("exactly_once_sinkposition_sink_key",),
    "exactly_once_webhookattempt": (
        "pgtrigger_append_only_fd214",
        "webhook_attempt_once",
    ),
    "exactly_once_webhookdelivery": (
        "webhook_delivery_due_while_pending",
        "webhook_delivery_once",
        "webhook_delivery_state_known",
    ),
    "exactly_once_webhookendpoint": ("exactly_once_webhookendpoint_public_id_key",),
    "exactly_once_webhooksecret": ("webhook_secret_ends_after_it_begins",),
    "staff_auditevent": (
        "audit_event_names_its_action",
        "audit_event_outcome_known",
        "pgtrigger_append_only_ef4d3",
    ),
    "staff_recoverycode": (
        "recovery_code_used_after_made",
        "staff_recoverycode_code_hash_key",
    ),
    "ledger_account": (
        "ledger_account_code",
        "ledger_account_public_id_key",
        "ledger_account_side_known",
        "ledger_account_type_known",
    ),
    "ledger_balance": (
        "ledger_balance_stripe",
        "ledger_balance_within_limits",
        "ledger_stripes_without_limits",
    ),
    "ledger_book": ("ledger_book_code_key",),
    "ledger_daily_sum": ("ledger_daily_sum_days",),
    "ledger_entry": (
        "ledger_entries_valid",
        "ledger_entry_account_version",
        "pgtrigger_append_only_af900",
    ),
    "ledger_import_run": (
        "ledger_import_run_file",
        "ledger_import_run_state_known",
    ),
    "ledger_invariant": (
        "ledger_invariant_complete",
        "ledger_invariant_name",
        "ledger_invariant_within_days_check",
    ),
    "ledger_latetransaction": ("pgtrigger_append_only_8dda8",),
    "ledger_remainder": (
        "ledger_remainder_line",
        "ledger_remainder_within_total",
    ),
    "ledger_resolution": (
        "ledger_resolution_action_known",
        "ledger_resolution_final",
        "ledger_resolution_not_itself",
        "pgtrigger_append_only_f537c",
    ),
    "ledger_seal_block": (
        "ledger_seal_block_after",
        "ledger_seal_block_number",
        "pgtrigger_append_only_bd814",
    ),
    "ledger_seal_position": ("ledger_seal_position_one",),
    "ledger_transaction": (
        "ledger_transaction_reference",
        "pgtrigger_append_only_d75d5",
    ),
    **PAYMENT_GUARDS,
}

_IN_THE_DATABASE = r"""
SELECT t.relname, g.name, g.kind, g.definition
FROM (
    SELECT c.conrelid AS rel, c.conname AS name, 'constraint' AS kind, pg_get_constraintdef(c.oid) AS definition
    FROM pg_constraint AS c
    WHERE c.contype IN ('u', 'c', 'x') AND c.conparentid = 0
    UNION ALL
    SELECT i.indrelid, x.relname, 'index', pg_get_indexdef(i.indexrelid)
    FROM pg_index AS i
    INNER JOIN pg_class AS x ON x.oid = i.indexrelid
    WHERE
        i.indisunique AND NOT i.indisprimary
        AND NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.conindid = i.indexrelid)
    UNION ALL
    SELECT g.tgrelid, g.tgname, 'trigger', '' FROM pg_trigger AS g WHERE NOT g.tgisinternal AND g.tgparentid = 0
) AS g
INNER JOIN pg_class AS t ON t.oid = g.rel
WHERE t.relname ~ '^(access|staff|exactly_once|ledger|payments|checkout)_' AND NOT t.relispartition
"""


def in_the_database() -> dict[tuple[str, str], tuple[str, str]]:
    """Return (kind, definition) of each guard by (table, name)."""
    with connection.cursor() as cursor:
        cursor.execute(_IN_THE_DATABASE)
        return {(table, name): (kind, definition) for table, name, kind, definition in cursor.fetchall()}


@contextmanager
def without(table: str, name: str) -> Iterator[None]:
    """Take a guard away, for everybody, and give it back."""
    kind, definition = in_the_database()[table, name]
    drop, restore = {
        "constraint": (
            f'ALTER TABLE {table} DROP CONSTRAINT "{name}"',
            f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}',
        ),
        "index": (f'DROP INDEX "{name}"', definition),
        "trigger": (
            f'ALTER TABLE {table} DISABLE TRIGGER "{name}"',
            f'ALTER TABLE {table} ENABLE TRIGGER "{name}"',
        ),
    }[kind]
    with connection.cursor() as cursor:
        cursor.execute(drop)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(restore)
