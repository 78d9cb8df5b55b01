"""Read the lines of a PSP account's settlement, page by page, each line once."""

from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db.models import Min
from django_subatomic.db import durable, transaction

from payments.keep_lines import keep_lines
from payments.models import Attempt, SettlementImport
from payments.psp.registry import get_adapter
from payments.psp.settlement import NoSettlementLines, SettlementPage

log = structlog.get_logger(__name__)

LINES_IN_A_PAGE = 100  # what Stripe gives at once; others give what they like


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of one page: how many lines it had and how many of them were new, and whether there are more now.

    :param failure: why it could not be read; empty where it could.
    """

    read: int = 0
    new: int = 0
    more: bool = False
    failure: str = ""


@durable
def import_settlement(*, psp: str, account: str, now: datetime) -> Imported:
    """Read the next page and keep its lines and where it ended in one commit; asked again, go on from there.

    Without any yet, begin with the account's first attempt. Two that read at once keep the page once.

    :raises PaymentNotFound: ``psp_account_not_found``.
    """
    adapter = get_adapter(psp=psp, account=account)
    begun = _begun(psp, account, now)
    page = adapter.settlement_lines(since=begun.since, cursor=begun.cursor, limit=LINES_IN_A_PAGE)
    if isinstance(page, NoSettlementLines):
        return Imported()
    if not isinstance(page, SettlementPage):
        return _failed(begun, page.detail, now)
    return _keep(begun, page, now)


@transaction
def restart_import(*, psp: str, account: str, since: datetime, now: datetime) -> None:
    """Have the account's settlement read from ``since`` again. Lines that are known stay as they are."""
    row, _ = SettlementImport.objects.get_or_create(psp=psp, psp_account=account, defaults={"since": since})
    row.since, row.cursor, row.failure, row.failed_at = since, "", "", None
    row.save(update_fields=["since", "cursor", "failure", "failed_at"])
    log.warning("settlement.restarted", psp=psp, account=account, since=since.isoformat(), now=now.isoformat())


@transaction
def _begun(psp: str, account: str, now: datetime) -> SettlementImport:
    of_account = {"psp": psp, "psp_account": account}
    known = SettlementImport.objects.filter(**of_account).first()
    if known is not None:
        return known
    first = Attempt.objects.filter(**of_account).aggregate(at=Min("submitted_at"))["at"]
    return SettlementImport.objects.get_or_create(**of_account, defaults={"since": first or now})[0]


@transaction
def _failed(begun: SettlementImport, detail: str, now: datetime) -> Imported:
    """Note why, and since when: somebody has to look where that lasts."""
    since = begun.failed_at or now
    SettlementImport.objects.filter(pk=begun.pk).update(failure=detail[:500] or "no reply", failed_at=since)
    log.error("settlement.unreadable", psp=begun.psp, account=begun.psp_account, detail=detail)
    return Imported(failure=detail or "no reply")


@transaction
def _keep(begun: SettlementImport, page: SettlementPage, now: datetime) -> Imported:
    moved = SettlementImport.objects.filter(pk=begun.pk, cursor=begun.cursor, since=begun.since)
    if not moved.update(cursor=page.cursor, read_at=now, failure="", failed_at=None):
        return Imported()  # somebody else has kept it, and goes on
    new = keep_lines(psp=begun.psp, account=begun.psp_account, lines=page.lines, now=now)
    return Imported(read=len(page.lines), new=new, more=page.more)
