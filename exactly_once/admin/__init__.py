"""Keys, inbox and outbox in the admin: to look at, and to ask for another attempt.

Only event sources and webhook endpoints are edited.
"""

from exactly_once.admin.change_feed import ChangeFeedAdmin
from exactly_once.admin.event_sources import EventSourceAdmin
from exactly_once.admin.idempotency_keys import IdempotencyKeyAdmin
from exactly_once.admin.inbox import InboxEventAdmin
from exactly_once.admin.outbox import HandlerRunAdmin, OutboxEventAdmin, SinkPositionAdmin
from exactly_once.admin.webhook_deliveries import WebhookDeliveryAdmin
from exactly_once.admin.webhooks import WebhookEndpointAdmin

__all__ = [
    "ChangeFeedAdmin",
    "EventSourceAdmin",
    "HandlerRunAdmin",
    "IdempotencyKeyAdmin",
    "InboxEventAdmin",
    "OutboxEventAdmin",
    "SinkPositionAdmin",
    "WebhookDeliveryAdmin",
    "WebhookEndpointAdmin",
]
