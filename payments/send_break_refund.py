"""Ask a PSP to pay a break's money back, with no transaction open, and settle what it says."""

from datetime import datetime
from uuid import UUID

import structlog
from django.db.models import F, Value
from django.db.models.functions import Coalesce
from django_subatomic.db import durable, transaction

from exactly_once.retry import retry_on_conflict
from payments.ask_refund import ask_refund
from payments.models import BreakRefund
from payments.psp.outcomes import NoLookUp, NotFoundAtPsp, RefundOutcome
from payments.settle_break_refund import settle_break_refund
from payments.states import OPEN_REFUND_STATES

log = structlog.get_logger(__name__)


@durable
def send_break_refund(*, refund_uuid: UUID, now: datetime) -> None:
    """Ask under a key that makes asking again harmless, as :func:`payments.refund.send_refund` does.

    Where the outcome is not known the refund and its break stay open, and the sweeper asks again.
    """
    with transaction():
        BreakRefund.objects.filter(uuid=refund_uuid, state__in=OPEN_REFUND_STATES).update(
            checks=F("checks") + 1, sent_at=Coalesce("sent_at", Value(now))
        )
    refund = BreakRefund.objects.select_related("about").get(uuid=refund_uuid)
    if refund.state not in OPEN_REFUND_STATES:
        return
    about = refund.about
    outcome = ask_refund(
        refund=refund, psp=about.psp, account=about.psp_account, psp_reference=refund.payment_reference, now=now
    )
    if isinstance(outcome, NotFoundAtPsp | NoLookUp):
        # The PSP may have forgotten our key: asking again could pay twice. Its webhook or its settlement ends this one.
        log.error("break.refund_unknown_for_too_long", refund=refund.public_id)
        return
    _settle(refund_uuid, outcome, now)


@retry_on_conflict
@transaction
def _settle(refund_uuid: UUID, outcome: RefundOutcome, now: datetime) -> None:
    settle_break_refund(refund_uuid=refund_uuid, outcome=outcome, now=now)
