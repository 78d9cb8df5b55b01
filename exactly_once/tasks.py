"""Celery tasks of exactly_once: each a wake-up for one row, or a sweep for rows that nobody woke."""

from datetime import UTC, datetime, timedelta

from celery import shared_task
from django.conf import settings

from exactly_once import handlers, inbox, inbox_batch, relay_lag, retention, webhook_delivery
from exactly_once.wake import wake

SWEEP_LIMIT = 500  # wake-ups a sweep; the next one is seconds away


@shared_task(name="exactly_once.process_inbox_event")
def process_inbox_event(event_id: int) -> None:
    """Give one inbox event its effect."""
    inbox.process(event_id=event_id, now=datetime.now(UTC))


@shared_task(name="exactly_once.process_inbox_events")
def process_inbox_events(*event_ids: int) -> None:
    """Give several inbox events their effects: a message each would cost more than the events."""
    inbox_batch.process_all(event_ids=event_ids, now=datetime.now(UTC))


@shared_task(name="exactly_once.run_handlers")
def run_handlers(*run_ids: int) -> None:
    """Run several handlers, one after the other, with one claim and one note for all of them."""
    handlers.run_handlers(run_ids=run_ids, now=datetime.now(UTC))


@shared_task(name="exactly_once.run_handler")
def run_handler(run_id: int) -> None:
    """Run one handler for one outbox event."""
    handlers.run_handler(run_id=run_id, now=datetime.now(UTC))


@shared_task(name="exactly_once.send_webhook")
def send_webhook(delivery_id: int) -> None:
    """Try to deliver one event to one endpoint."""
    webhook_delivery.send(delivery_id=delivery_id, now=datetime.now(UTC), allow_private=settings.WEBHOOKS_ALLOW_PRIVATE)


@shared_task(name="exactly_once.sweep")
def sweep() -> None:
    """Wake a task for every inbox event, handler run and webhook that is due."""
    now = datetime.now(UTC)
    for event_id in inbox.due(now=now, limit=SWEEP_LIMIT):
        wake("exactly_once.process_inbox_event", event_id)
    for run_id in handlers.due_runs(now=now, limit=SWEEP_LIMIT):
        wake("exactly_once.run_handler", run_id)
    for delivery_id in webhook_delivery.due(now=now, limit=SWEEP_LIMIT):
        wake("exactly_once.send_webhook", delivery_id)


@shared_task(name="exactly_once.watch_relay")
def watch_relay() -> None:
    """Warn where a sink of the relay is too far behind."""
    relay_lag.warn(older_than=timedelta(seconds=settings.RELAY_LAG_ALARM_SECONDS))


@shared_task(name="exactly_once.roll_inbox")
def roll_inbox() -> None:
    """Make room for the bodies of the coming months, and drop those that are no longer kept."""
    retention.roll_inbox(now=datetime.now(UTC), keep=timedelta(days=settings.INBOX_BODY_DAYS))


@shared_task(name="exactly_once.expire_answers")
def expire_answers() -> None:
    """Drop the answers that are no longer kept."""
    retention.expire_answers(now=datetime.now(UTC), keep=timedelta(days=settings.IDEMPOTENCY_RESPONSE_DAYS))
