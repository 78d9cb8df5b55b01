"""What Celery beat wakes, and every how many seconds.

Each of these finds in PostgreSQL what is due and sees to it: the guarantee behind every lost message.
"""

SWEEPS = {
    "checkout.sweep": 5.0,
    "exactly_once.expire_answers": 3600.0,
    "exactly_once.roll_inbox": 3600.0,
    "exactly_once.sweep": 2.0,
    "exactly_once.watch_relay": 60.0,
    "ledger.expire_holds": 5.0,
    "ledger.seal": 5.0,
    "payments.find_missing_lines": 3600.0,
    "payments.import_files": 30.0,
    "payments.import_settlement": 900.0,
    "payments.sweep": 2.0,
}
