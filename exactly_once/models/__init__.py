"""Rows of the exactly_once package. No other package imports them."""

from exactly_once.models.change_feed import ChangeFeed
from exactly_once.models.event_source import EventSource, EventTally
from exactly_once.models.idempotency_key import IdempotencyKey
from exactly_once.models.inbox_event import InboxBody, InboxEvent
from exactly_once.models.outbox_event import HandlerRun, OutboxEvent, SinkPosition
from exactly_once.models.webhook import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookSecret

__all__ = [
    "ChangeFeed",
    "EventSource",
    "EventTally",
    "HandlerRun",
    "IdempotencyKey",
    "InboxBody",
    "InboxEvent",
    "OutboxEvent",
    "SinkPosition",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookSecret",
]
