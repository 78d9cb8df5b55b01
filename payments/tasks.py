"""Celery tasks of payments: each a wake-up for one row, or a sweep for rows that nobody woke."""

from datetime import UTC, datetime
from uuid import UUID

import structlog
from celery import shared_task
from django.conf import settings

from exactly_once.wake import wake
from payments.abandon import abandon
from payments.ask_psp import look_up
from payments.capture import send_capture
from payments.expiry import warn_of_expiry
from payments.find_missing_lines import find_missing_lines
from payments.find_missing_payouts import find_missing_payouts
from payments.find_unbalanced_payouts import find_unbalanced_payouts
from payments.import_file import due_files, import_file
from payments.import_settlement import import_settlement
from payments.match_bank_lines import match_bank_lines
from payments.refund import send_refund
from payments.send_break_refund import send_break_refund
from payments.settle_line import settle_due_lines
from payments.states import FileState
from payments.sweep import (
    claim_attempt,
    claim_break_refund,
    claim_capture,
    claim_refund,
    due_attempts,
    due_break_refunds,
    due_captures,
    due_refunds,
)
from payments.void import send_void

log = structlog.get_logger(__name__)

# Of a settlement, in one task: seconds of work where none of them is what we know.
LINES_AT_ONCE = 1_000
# Of a file, in one task: seconds of work.
FILE_PAGES = 10
SWEEP_LIMIT = 200  # at most this many wake-ups a sweep: the next one is seconds away


@shared_task(name="payments.check_attempt")
def check_attempt(attempt_uuid: str) -> None:
    """Void the attempt where that was asked for, or its buyer never came back; then find out how it stands.

    Warn of a hold that runs out.
    """
    uuid, now = UUID(attempt_uuid), datetime.now(UTC)
    if not claim_attempt(attempt_uuid=uuid, now=now):
        return
    abandon(attempt_uuid=uuid, now=now)
    send_void(attempt_uuid=uuid, now=now)
    look_up(attempt_uuid=uuid, now=now)
    warn_of_expiry(attempt_uuid=uuid, now=now)


@shared_task(name="payments.take")
def take(capture_uuid: str) -> None:
    """Send one capture."""
    uuid, now = UUID(capture_uuid), datetime.now(UTC)
    if claim_capture(capture_uuid=uuid, now=now):
        send_capture(capture_uuid=uuid, now=now)


@shared_task(name="payments.pay_back")
def pay_back(refund_uuid: str) -> None:
    """Send one refund."""
    uuid, now = UUID(refund_uuid), datetime.now(UTC)
    if claim_refund(refund_uuid=uuid, now=now):
        send_refund(refund_uuid=uuid, now=now)


@shared_task(name="payments.pay_break_back")
def pay_break_back(refund_uuid: str) -> None:
    """Send one refund of what a break holds."""
    uuid, now = UUID(refund_uuid), datetime.now(UTC)
    if claim_break_refund(refund_uuid=uuid, now=now):
        send_break_refund(refund_uuid=uuid, now=now)


@shared_task(name="payments.sweep")
def sweep() -> None:
    """Wake a task for every attempt, capture and refund that is due."""
    now = datetime.now(UTC)
    for uuid in due_attempts(now=now, limit=SWEEP_LIMIT):
        wake("payments.check_attempt", str(uuid))
    for uuid in due_captures(now=now, limit=SWEEP_LIMIT):
        wake("payments.take", str(uuid))
    for uuid in due_refunds(now=now, limit=SWEEP_LIMIT):
        wake("payments.pay_back", str(uuid))
    for uuid in due_break_refunds(now=now, limit=SWEEP_LIMIT):
        wake("payments.pay_break_back", str(uuid))


@shared_task(name="payments.import_settlement")
def import_settlements() -> None:
    """Wake a task for the settlement of every PSP account, and one for lines that are left over."""
    for psp, accounts in settings.PSP_ACCOUNTS.items():
        for account in accounts:
            wake("payments.import_page", psp, account)
    wake("payments.settle_lines")


@shared_task(name="payments.import_page")
def import_page(psp: str, account: str) -> None:
    """Read one page of an account's settlement, and have the next one read."""
    imported = import_settlement(psp=psp, account=account, now=datetime.now(UTC))
    if imported.more:
        wake("payments.import_page", psp, account)
    elif imported.read:
        wake("payments.settle_lines")


@shared_task(name="payments.settle_lines")
def settle_lines() -> None:
    """Settle lines that are due, and have the next ones settled."""
    settled = settle_due_lines(limit=LINES_AT_ONCE, now=datetime.now(UTC))
    if settled.more:
        wake("payments.settle_lines")


@shared_task(name="payments.import_files")
def import_files() -> None:
    """Wake a task for every file that is not imported to its end."""
    for file_id in due_files(limit=SWEEP_LIMIT):
        wake("payments.import_file", file_id)


@shared_task(name="payments.import_file")
def import_some_of_a_file(file_id: str) -> None:
    """Go on with a file, and have what comes after it done."""
    imported = import_file(file_id=file_id, pages=FILE_PAGES, now=datetime.now(UTC))
    if imported.more:
        wake("payments.import_file", file_id)
    elif imported.state is FileState.APPLIED:
        wake("payments.settle_lines")
        wake("payments.match_bank_lines")


@shared_task(name="payments.match_bank_lines")
def match_bank() -> None:
    """Match bank lines to payouts."""
    match_bank_lines(limit=LINES_AT_ONCE, now=datetime.now(UTC))


@shared_task(name="payments.find_missing_lines")
def find_missing() -> None:
    """Look for what PSPs have taken, paid back or paid out, and neither they nor the bank tell of, or otherwise."""
    now = datetime.now(UTC)
    find_missing_lines(limit=SWEEP_LIMIT, now=now)
    match_bank_lines(limit=LINES_AT_ONCE, now=now)
    find_missing_payouts(limit=SWEEP_LIMIT, now=now)
    find_unbalanced_payouts(now=now)
