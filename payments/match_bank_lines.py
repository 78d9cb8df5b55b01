"""Compare what the bank shows with what PSPs pay out: by the payout that a line names, and by age."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import connection
from django_subatomic.db import transaction, transaction_required

from exactly_once.errors import TallyError
from exactly_once.retry import retry_on_conflict
from ledger.money import Money
from payments.bank_findings import difference, note_arrival, open_bank_break
from payments.locks import lock_bank_line, lock_payout
from payments.models import BankLine, Payout
from payments.open_break import TALLY
from payments.payout import settle_payout
from payments.psp.news import PayoutEvent
from payments.states import LineState, PayoutState

log = structlog.get_logger(__name__)

# A shorter name may stand in a text by chance.
SHORTEST_NAME = 6

# Which payouts a line names: as a word of its own among what is said of it, whatever stands between words.
_NAMED = """
SELECT l.id AS line_id, p.id AS payout_id
FROM payments_bankline AS l
CROSS JOIN LATERAL (
    SELECT ' ' || regexp_replace(lower(l.end_to_end_id || ' ' || l.reference), '[^a-z0-9_]+', ' ', 'g') || ' ' AS words
) AS s
INNER JOIN payments_payout AS p ON l.bank = p.bank
CROSS JOIN LATERAL (
    VALUES (regexp_replace(lower(p.psp_reference), '[^a-z0-9_]+', ' ', 'g')), (lower(p.public_id))
) AS n (name)
WHERE l.state = 'new' AND length(n.name) >= %(shortest)s AND position(' ' || n.name || ' ' IN s.words) > 0
"""
# Those that something can be said of, the earliest first.
_DUE = f"""
SELECT l.id FROM payments_bankline AS l
WHERE
    l.state = 'new'
    AND (
        l.amount_minor = 0 OR l.imported_at <= %(old)s
        OR EXISTS (SELECT FROM ({_NAMED}) AS n WHERE n.line_id = l.id)
    )
ORDER BY l.booked_on, l.id
LIMIT %(limit)s
"""  # noqa: S608 - of our own words only
_NAMED_BY = f"SELECT DISTINCT n.payout_id FROM ({_NAMED}) AS n WHERE n.line_id = %(line)s ORDER BY 1"  # noqa: S608 - the same
_ON_ITS_WAY = (PayoutState.PENDING, PayoutState.IN_TRANSIT, PayoutState.PAID)
_CAME_BACK = (PayoutState.FAILED, PayoutState.CANCELED)


def match_bank_lines(*, limit: int, now: datetime) -> Counter[LineState]:
    """Match up to ``limit`` new lines, each in a commit of its own; return how many ended, by state.

    A line that names one payout, of its amount and currency, is its arrival. One that names none, or several, stays
    as it is, for a person to match, and has a break once it is too old: no line is matched because it fits.
    """
    ended: Counter[LineState] = Counter()
    old = now - timedelta(days=settings.BANK_MISSING_DAYS)
    for pk in _pks(_DUE, {"shortest": SHORTEST_NAME, "old": old, "limit": limit}):
        state = _tried(pk, now)
        if state is not LineState.NEW:
            ended[state] += 1
    return ended


def _tried(line_pk: int, now: datetime) -> LineState:
    """Match a line; what the books do not take, such as an entry of an account that is closed, stays, and says why."""
    try:
        return _match(line_pk, now)
    except TallyError as refusal:
        log.exception("bank_line.refused", line=line_pk)
        with transaction():
            BankLine.objects.filter(pk=line_pk).update(detail=str(refusal)[:500])
        return LineState.NEW


@retry_on_conflict
@transaction
def _match(line_pk: int, now: datetime) -> LineState:
    line = lock_bank_line(line_pk=line_pk)
    if line.state != LineState.NEW:
        return LineState(line.state)
    named = _named(line)
    if not line.amount_minor:
        _end(line, LineState.VOID, now)
    elif len(named) == 1:
        _compare(line, lock_payout(payout_pk=named[0]), now)
    if line.state == LineState.NEW and now - line.imported_at >= timedelta(days=settings.BANK_MISSING_DAYS):
        line.detail = "It names several payouts." if len(named) > 1 else "It names no payout that we know."
        money = Money(line.amount_minor, line.currency)
        line.finding = open_bank_break(line=line, payout=None, state=LineState.MISSING_INTERNAL, money=money, now=now)
        _end(line, LineState.MISSING_INTERNAL, now)
    return LineState(line.state)


def _named(line: BankLine) -> list[int]:
    return _pks(_NAMED_BY, {"shortest": SHORTEST_NAME, "line": line.pk})


def _pks(statement: str, named: Mapping[str, Any]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, named)
        return [pk for (pk,) in cursor.fetchall()]


def _compare(line: BankLine, payout: Payout, now: datetime) -> None:
    """End a line that names a payout."""
    came, promised = Money(line.amount_minor, line.currency), Money(payout.amount_minor, payout.currency)
    arrives = came.amount_minor > 0
    known = payout.bank_lines.filter(state=LineState.MATCHED, amount_minor__gt=0).exists()
    if came.currency != promised.currency:
        _break(line, payout, LineState.CURRENCY_MISMATCH, f"{payout} is in {promised.currency}.", came, now)
    elif not arrives:
        # The PSP says as well that it came back, by a webhook or a settlement line; until then a person may look.
        back = payout.bank_lines.filter(state=LineState.MATCHED, amount_minor__lt=0).exists()
        if -came == promised and known and payout.state in _CAME_BACK and not back:
            line.payout = payout
            _end(line, LineState.MATCHED, now)
    elif known:
        _break(line, payout, LineState.DUPLICATE, f"{payout} has arrived by another line.", came, now)
    elif came != promised:
        detail = f"{payout} is of {promised}, and {came} came."
        _break(line, payout, LineState.AMOUNT_MISMATCH, detail, difference(came, promised), now)
    elif payout.state in _ON_ITS_WAY:
        arrive(line=line, payout=payout, by=TALLY, now=now)
    else:
        _break(line, payout, LineState.MISSING_INTERNAL, f"{payout} is {payout.state} at the PSP, and came.", came, now)


def _break(  # noqa: PLR0917 - all that is known of it
    line: BankLine, payout: Payout, state: LineState, detail: str, money: Money, now: datetime
) -> None:
    line.detail, line.payout = detail[:500], payout
    line.finding = open_bank_break(line=line, payout=payout, state=state, money=money, now=now)
    _end(line, state, now)


@transaction_required
def arrive(*, line: BankLine, payout: Payout, by: str, now: datetime) -> None:
    """Have a payout arrive by a line, both locked: it is paid, if the PSP did not say so before."""
    money = Money(payout.amount_minor, payout.currency)
    event = PayoutEvent(payout.psp_reference, PayoutState.PAID, money, arrives_on=line.booked_on)
    settle_payout(psp=payout.psp, account=payout.psp_account, event=event, now=now)
    note_arrival(payout=payout, now=now)
    line.payout = payout
    _end(line, LineState.MATCHED, now, by=by)


def _end(line: BankLine, state: LineState, now: datetime, *, by: str = TALLY) -> None:
    line.state, line.settled_at, line.settled_by = state, now, by
    line.save(update_fields=["state", "detail", "settled_at", "settled_by", "payout", "finding"])
    log.info("bank_line.ended", line=line.pk, bank=line.bank, state=str(state), by=by)
