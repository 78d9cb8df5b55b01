"""Set off against lost disputes what we would owe a buyer whose bank has seen to it already."""

from datetime import datetime

import structlog
from django_subatomic.db import transaction_required

from payments.dispute_bookings import book_offset
from payments.locks import lock_lost_disputes

log = structlog.get_logger(__name__)


@transaction_required
def offset_chargeback(*, order_reference: str, minor: int, now: datetime) -> int:
    """Owe no goods any more for so much of what buyers' banks kept, if they kept so much; return how much it was.

    What is not sent is no loss: it comes off the chargebacks. Should the dispute be won later on, it is owed again.

    :param minor: in minor units of the payment's currency. The intent is locked by the caller.
    """
    left = minor
    for dispute in lock_lost_disputes(order_reference=order_reference):
        more = min(left, dispute.withdrawn_minor - dispute.offset_minor)
        if more > 0:
            book_offset(dispute=dispute, minor=more, now=now)
            dispute.save(update_fields=["offset_minor", "offsets"])
            left -= more
    log.info("dispute.offset", order_reference=order_reference, minor=minor - left)
    return minor - left
