"""Take over what a file says, all of it in one commit: settlement lines to be settled, or bank lines to be matched."""

from datetime import datetime
from typing import Any

import structlog
from django.conf import settings
from django.db import connection
from django_subatomic.db import transaction, transaction_required

from exactly_once.retry import retry_on_conflict
from ledger.money import Money
from payments.keep_lines import compare
from payments.locks import lock_file
from payments.models import FileImport, SettlementLine
from payments.states import FileKind, FileState

log = structlog.get_logger(__name__)

_ADYEN = "adyen"

# What the file's rows say, as a table.
_LINES = """
payments_filerow AS r
CROSS JOIN LATERAL jsonb_to_record(r.says) AS x(
    line_id text, kind text, gross_minor bigint, fee_minor bigint, net_minor bigint, currency text,
    original_minor bigint, original_currency text, exchange_rate numeric, psp_reference text, payment_reference text,
    our_id uuid, payout_reference text, payout_state text, arrives_on date, reason text, occurred_at timestamptz
)
"""
_KEEP_LINES = f"""
INSERT INTO payments_settlementline (
    psp, psp_account, imported_at, book, state, checks, detail, booked_fee_minor, raw,
    line_id, kind, gross_minor, fee_minor, net_minor, currency, original_minor, original_currency, exchange_rate,
    psp_reference, payment_reference, our_id, payout_reference, payout_state, arrives_on, reason, occurred_at
)
SELECT
    %(psp)s, %(account)s, %(now)s, %(book)s, 'new', 0, '', 0, r.raw,
    x.line_id, x.kind, x.gross_minor, x.fee_minor, x.net_minor, x.currency, x.original_minor, x.original_currency,
    x.exchange_rate, x.psp_reference, x.payment_reference, x.our_id, x.payout_reference, x.payout_state, x.arrives_on,
    x.reason, x.occurred_at
FROM {_LINES}
WHERE r.file_id = %(file)s
ORDER BY r.number
ON CONFLICT (psp, psp_account, line_id) DO NOTHING
"""  # noqa: S608 - of our own words only
_CHANGED_LINES = f"""
SELECT l.id, x.net_minor, x.gross_minor, x.currency, x.payout_reference
FROM {_LINES}
INNER JOIN payments_settlementline AS l
    ON l.psp = %(psp)s AND l.psp_account = %(account)s AND l.line_id = x.line_id
WHERE
    r.file_id = %(file)s
    AND (
        (l.net_minor, l.gross_minor, l.currency) IS DISTINCT FROM (x.net_minor, x.gross_minor, x.currency)
        OR l.payout_reference <> x.payout_reference
    )
ORDER BY l.id
"""  # noqa: S608 - the same
_ENTRIES = """
payments_filerow AS r
CROSS JOIN LATERAL jsonb_to_record(r.says) AS x(
    line_id text, booked_on date, value_on date, amount_minor bigint, currency text, end_to_end_id text,
    reference text, counterparty text
)
"""
# An entry that the bank tells otherwise by now; only its text may change.
_DENIED_ENTRIES = f"""
UPDATE payments_filerow AS denied
SET says = NULL, field = 'amount', reason = 'it was ' || l.amount_minor || ' minor units of ' || l.currency
    || ', booked on ' || l.booked_on || ', when it was imported before'
FROM {_ENTRIES}
INNER JOIN payments_bankline AS l ON l.bank = %(account)s AND l.line_id = x.line_id
WHERE
    denied.id = r.id
    AND r.file_id = %(file)s
    AND (l.amount_minor, l.currency, l.booked_on) IS DISTINCT FROM (x.amount_minor, x.currency, x.booked_on)
"""  # noqa: S608 - the same
_KEEP_ENTRIES = f"""
INSERT INTO payments_bankline (
    bank, imported_at, file_id, state, detail, settled_by, raw,
    line_id, booked_on, value_on, amount_minor, currency, end_to_end_id, reference, counterparty
)
SELECT
    %(account)s, %(now)s, r.file_id, 'new', '', '', r.raw,
    x.line_id, x.booked_on, x.value_on, x.amount_minor, x.currency, x.end_to_end_id, x.reference, x.counterparty
FROM {_ENTRIES}
WHERE r.file_id = %(file)s
ORDER BY r.number
ON CONFLICT (bank, line_id) DO NOTHING
"""  # noqa: S608 - the same


@retry_on_conflict
@transaction
def apply_file(*, file_id: str, now: datetime) -> FileState:
    """Take over the rows of a file that is read; return its state. Asked again, it changes nothing.

    Lines that are known stay as they are. Where a PSP says something else of one by now, a break opens; a statement
    that denies an earlier one is refused as a whole.

    :raises PaymentNotFound: ``file_not_found``.
    """
    file = lock_file(file_id=file_id)
    if file.state != FileState.READ:
        return FileState(file.state)
    if file.kind == FileKind.ADYEN_SETTLEMENT:
        _end(file, FileState.APPLIED, _keep_lines(file, now), now)
    elif denied := _run(_DENIED_ENTRIES, _named(file, now)):
        file.rows_bad = denied
        _end(file, FileState.REFUSED, 0, now)
    else:
        _end(file, FileState.APPLIED, _run(_KEEP_ENTRIES, _named(file, now)), now)
    return FileState(file.state)


@transaction_required
def _keep_lines(file: FileImport, now: datetime) -> int:
    named = _named(file, now)
    new = _run(_KEEP_LINES, named)
    with connection.cursor() as cursor:
        cursor.execute(_CHANGED_LINES, named)
        changed = cursor.fetchall()
    for pk, net_minor, gross_minor, currency, payout_reference in changed:
        compare(
            row=SettlementLine.objects.get(pk=pk),
            net=Money(net_minor, currency),
            gross_minor=gross_minor,
            payout_reference=payout_reference,
            now=now,
        )
    return new


def _named(file: FileImport, now: datetime) -> dict[str, Any]:
    return {"file": file.pk, "psp": _ADYEN, "account": file.account, "now": now, "book": settings.PAYMENTS_BOOK}


def _run(statement: str, named: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, named)
        return int(cursor.rowcount)


def _end(file: FileImport, state: FileState, new: int, now: datetime) -> None:
    file.state, file.ended_at = state, now
    if state is FileState.APPLIED:
        file.rows_new, file.rows_known = new, file.rows_read - file.rows_skipped - new
    file.save(update_fields=["state", "ended_at", "rows_bad", "rows_new", "rows_known"])
    log.info("file.ended", file=file.public_id, state=str(state), new=file.rows_new, known=file.rows_known)
