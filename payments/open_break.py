"""Note that what a PSP says does not fit what we know: once for each finding, with the money that it moved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django_subatomic.db import transaction_required

from exactly_once.public_ids import new_public_id
from ledger import journal
from ledger.money import Money
from payments import settlement_rules
from payments.chart import ensure_suspense_chart
from payments.models import Break, BreakEvent, Resolution
from payments.settlement_rules import Unexplained
from payments.states import BreakKind, BreakResolution

log = structlog.get_logger(__name__)

# What is not explained within two working days is forgotten: PSPs keep their logs, and people remember, for longer.
DUE_AFTER = timedelta(days=2)

# Who did what no person did.
TALLY = "tally"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a PSP says, and that it does not fit.

    :param subject: its permanent name within the PSP account: the same finding has the same one, however often and
        in whatever way it is made.
    :param received: whether the PSP owes us more by ``money``; otherwise less.
    :param in_suspense: whether the PSP is known to have moved ``money`` and nothing of it is in the books.
    :param detail: a sentence for people: what we know, and what the PSP says.
    """

    kind: BreakKind
    book: str
    psp: str
    psp_account: str
    subject: str
    money: Money
    received: bool
    in_suspense: bool
    detail: str
    psp_reference: str = ""
    attempt_pk: int | None = None


@transaction_required
def open_break(*, finding: Finding, now: datetime) -> str:
    """Open a break about a finding, with its money in suspense, or find the one that it has; return its public id.

    A finding whose break was resolved is known, and stays so, unless another finding had replaced it.
    """
    new = _new(finding, now)
    # What is there already makes this wait for whoever is writing it, and then do nothing.
    Break.objects.bulk_create([new], ignore_conflicts=True)
    held = known_break(finding=finding)
    if held is None:
        raise AssertionError("a finding that could not be written is there")
    if held.public_id != new.public_id:
        return held.public_id
    note(about=held, what="opened", by=TALLY, detail=finding.detail, now=now)
    if held.in_suspense:
        ensure_suspense_chart(book=finding.book, psp=finding.psp, currency=finding.money.currency)
        draft = settlement_rules.unexplained(
            about=unexplained(held), money=finding.money, received=finding.received, now=now
        )
        journal.post(book=finding.book, drafts=draft)
    log.error("break.opened", of=held.public_id, kind=held.kind, psp=held.psp, about=held.subject, detail=held.detail)
    return held.public_id


@transaction_required
def open_breaks(*, findings: Sequence[Finding], now: datetime) -> list[Break]:
    """Open a break about each of many findings that have none yet; return them in the same order.

    :raises IntegrityError: one of them has a break, which nobody has replaced.
    """
    rows = Break.objects.bulk_create(_new(finding, now) for finding in findings)
    BreakEvent.objects.bulk_create(
        BreakEvent(about=row, what="opened", by=TALLY, detail=row.detail, at=now) for row in rows
    )
    moved = [row for row in rows if row.in_suspense]
    for book, psp, currency in sorted({(row.book, row.psp, row.currency) for row in moved}):
        ensure_suspense_chart(book=book, psp=psp, currency=currency)
    for book in sorted({row.book for row in moved}):
        drafts = [
            settlement_rules.unexplained(
                about=unexplained(row), money=Money(row.amount_minor, row.currency), received=row.received, now=now
            )
            for row in moved
            if row.book == book
        ]
        journal.post(book=book, drafts=drafts)
    for row in rows:
        log.error("break.opened", of=row.public_id, kind=row.kind, psp=row.psp, about=row.subject, detail=row.detail)
    return rows


def known_break(*, finding: Finding) -> Break | None:
    """Return the finding's break, if it has one that no other finding replaced."""
    same = Break.objects.filter(psp=finding.psp, psp_account=finding.psp_account, subject=finding.subject)
    return same.exclude(resolution=BreakResolution.SUPERSEDED).first()


@transaction_required
def note(*, about: Break, what: str, by: str, detail: str, now: datetime, operation: UUID | None = None) -> None:
    """Write a line of a break's history."""
    BreakEvent.objects.create(about=about, what=what, by=by, detail=detail[:500], at=now, operation=operation)


def is_done(*, operation: UUID | None) -> bool:
    """Whether a person's operation is in a break's history, or proposed its end. The caller has locked the break."""
    if operation is None:
        return False
    kept = (BreakEvent.objects.filter(operation=operation), Resolution.objects.filter(operation=operation))
    return any(rows.exists() for rows in kept)


def unexplained(held: Break) -> Unexplained:
    """Return what the posting rules need to know of a break."""
    return Unexplained(psp=held.psp, break_id=held.public_id, psp_reference=held.psp_reference)


def _new(finding: Finding, now: datetime) -> Break:
    return Break(
        public_id=new_public_id("brk"),
        book=finding.book,
        kind=finding.kind,
        psp=finding.psp,
        psp_account=finding.psp_account,
        subject=finding.subject,
        psp_reference=finding.psp_reference,
        attempt_id=finding.attempt_pk,
        amount_minor=finding.money.amount_minor,
        currency=finding.money.currency,
        received=finding.received,
        in_suspense=finding.in_suspense,
        detail=finding.detail[:500],
        opened_at=now,
        due_at=now + DUE_AFTER,
    )
