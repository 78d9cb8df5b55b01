"""Warn of an authorisation that runs out. It ends by the PSP's word only."""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django_subatomic.db import transaction

from exactly_once import outbox
from payments.events import authorization_payload
from payments.models import Attempt
from payments.states import AttemptState

log = structlog.get_logger(__name__)

# Time for somebody to pack a parcel, or to decide.
WARN_BEFORE = timedelta(days=1)


@transaction
def warn_of_expiry(*, attempt_uuid: UUID, now: datetime) -> bool:
    """Publish once that a payment has to be captured soon, if it has; return whether that was now."""
    held = Attempt.objects.select_related("intent").filter(uuid=attempt_uuid, state=AttemptState.AUTHORIZED).first()
    if held is None or held.capture_before is None or now < held.capture_before - WARN_BEFORE:
        return False
    first = Attempt.objects.filter(pk=held.pk, state=AttemptState.AUTHORIZED, expiry_told_at=None)
    if first.update(expiry_told_at=now) == 0:
        return False
    outbox.publish(
        aggregatetype="authorization",
        aggregateid=str(held.uuid),
        type="authorization.expiring",
        payload=authorization_payload(held, held.capture_before),
        now=now,
    )
    log.warning("payment.expires_soon", attempt=str(held.uuid), intent=held.intent.public_id)
    return True
