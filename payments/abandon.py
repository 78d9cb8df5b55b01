"""Give up a payment whose buyer does not come back from the bank's question."""

from datetime import datetime
from uuid import UUID

import structlog
from django_subatomic.db import transaction

from exactly_once.public_ids import new_public_id
from payments.locks import lock_attempt
from payments.models import Void
from payments.states import AttemptState, VoidReason, VoidState

log = structlog.get_logger(__name__)


@transaction
def abandon(*, attempt_uuid: UUID, now: datetime) -> bool:
    """Record that a payment of the payments API is to be let go of, if its buyer's time is over; return whether it is.

    Age decides nothing: the PSP is asked to let go of it (void.py), and only its answer ends the payment. A buyer who
    comes back before that pays.

    :raises PaymentNotFound: no such attempt.
    """
    attempt = lock_attempt(attempt_uuid=attempt_uuid)
    until = attempt.action_expires_at
    is_overdue = attempt.state == AttemptState.REQUIRES_ACTION and until is not None and until <= now
    if not is_overdue or attempt.voids.filter(state=VoidState.PENDING).exists():
        return False
    Void.objects.create(public_id=new_public_id("void"), attempt=attempt, reason=VoidReason.ABANDONED, created_at=now)
    log.info("payment.abandoned", attempt=str(attempt.uuid), intent=attempt.intent.public_id)
    return True
