"""What became of a client's events, and another try of those that have ended: the verbs of the API.

Not here: the tries themselves (webhook_delivery.py).
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from django.db.models import QuerySet
from django_subatomic.db import transaction_required

from exactly_once.errors import FieldError, InvalidInput, NotFound, Refused
from exactly_once.models import WebhookDelivery, WebhookEndpoint
from exactly_once.models.webhook import DELIVERY_STATES
from exactly_once.webhook_delivery import MAX_RESENT, resend
from exactly_once.webhook_endpoints import endpoint_of

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Resent:
    """How many deliveries are sent again; ``more`` where the range holds some that one commit had no room for."""

    count: int
    more: bool


def deliveries_of(*, endpoint_id: str, client: str, state: str | None = None) -> QuerySet[WebhookDelivery]:
    """Return an endpoint's deliveries.

    :raises NotFound: ``webhook_endpoint_not_found``.
    :raises InvalidInput: ``invalid_input``: no such state.
    """
    rows = WebhookDelivery.objects.filter(endpoint=endpoint_of(endpoint_id=endpoint_id, client=client))
    if state is None:
        return rows.select_related("event")
    if state not in DELIVERY_STATES:
        choices = f"One of {', '.join(DELIVERY_STATES)} is expected."
        raise InvalidInput(
            code="invalid_input",
            detail="The request breaks a rule; see errors.",
            fields=(FieldError("/state", "unknown_choice", choices),),
        )
    return rows.filter(state=state).select_related("event")


@transaction_required
def resend_one(*, endpoint_id: str, client: str, event_id: UUID, now: datetime) -> WebhookDelivery:
    """Give a delivery that has ended, well or not, another three days; return it.

    :raises NotFound: ``webhook_endpoint_not_found``, ``webhook_delivery_not_found``.
    :raises Refused: ``webhook_endpoint_disabled``, ``webhook_delivery_pending``.
    """
    endpoint = _enabled(endpoint_id, client)
    delivery = WebhookDelivery.objects.filter(endpoint=endpoint, event=event_id)
    if not resend(deliveries=delivery, now=now):
        if not delivery.exists():
            raise NotFound(
                code="webhook_delivery_not_found", detail=f"The event {event_id} was never due for {endpoint_id}."
            )
        raise Refused(code="webhook_delivery_pending", detail="The delivery is being tried already.")
    log.info("webhook.resent", endpoint=endpoint_id, count=1)
    return delivery.select_related("event").get()


@transaction_required
def resend_dead(
    *, endpoint_id: str, client: str, created_from: datetime, created_before: datetime, now: datetime
) -> Resent:
    """Give the dead deliveries that were made in a span of time another three days, the oldest first.

    :raises NotFound: ``webhook_endpoint_not_found``.
    :raises Refused: ``webhook_endpoint_disabled``.
    """
    dead = WebhookDelivery.objects.filter(
        endpoint=_enabled(endpoint_id, client),
        state="dead",
        created_at__gte=created_from,
        created_at__lt=created_before,
    )
    again = resend(deliveries=dead, now=now, limit=MAX_RESENT)
    log.info("webhook.resent", endpoint=endpoint_id, count=len(again))
    return Resent(len(again), more=dead.exists())


def _enabled(endpoint_id: str, client: str) -> WebhookEndpoint:
    endpoint = endpoint_of(endpoint_id=endpoint_id, client=client)
    if not endpoint.enabled:
        raise Refused(code="webhook_endpoint_disabled", detail="The endpoint is disabled: nothing is sent there.")
    return endpoint
