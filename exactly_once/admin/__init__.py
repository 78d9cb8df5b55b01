"""Keys, inbox and outbox in the admin: to look at, and to ask for another attempt. Nothing here edits a row."""

from exactly_once.admin.idempotency_keys import IdempotencyKeyAdmin
from exactly_once.admin.inbox import InboxEventAdmin
from exactly_once.admin.outbox import HandlerRunAdmin, OutboxEventAdmin, SinkPositionAdmin

__all__ = ["HandlerRunAdmin", "IdempotencyKeyAdmin", "InboxEventAdmin", "OutboxEventAdmin", "SinkPositionAdmin"]
