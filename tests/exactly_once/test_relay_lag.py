"""A sink that is too far behind is in the log, and in the figures of what is left to do."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django_subatomic.db import transaction
from pytest_django import Settings
from structlog.testing import capture_logs

from config.backlog import backlog
from exactly_once import outbox, relay, tasks, webhook_endpoints
from exactly_once.models import WebhookDelivery

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
OLD = (
    "SET session_replication_role = replica; UPDATE exactly_once_outboxevent SET recorded_at = now() - interval '61 s'"
)


@pytest.fixture
def _an_event_of_a_minute_ago(settings: Settings) -> None:
    settings.EVENT_STREAM_URL = ""
    with transaction():
        outbox.publish(aggregatetype="thing", aggregateid="1", type="thing.done", payload={}, now=NOW)
    with connection.cursor() as cursor:
        cursor.execute(f"{OLD}; RESET session_replication_role")


def warnings() -> list[tuple[object, ...]]:
    with capture_logs() as lines:
        tasks.watch_relay()
    return [(line["log_level"], line["event"], line["sink"], line["events"], line["oldest_seconds"]) for line in lines]


@pytest.mark.usefixtures("_an_event_of_a_minute_ago")
def test_the_log_warns_of_each_sink_that_has_an_old_event_to_hear_of(settings: Settings) -> None:
    both = [("warning", "relay.lagging", sink, 1, 61) for sink in ("handlers", "webhooks")]
    # Then
    assert warnings() == both
    assert backlog() == {"outbox events for handlers": 1, "outbox events for webhooks": 1}
    # And the stream is a sink where there is one
    settings.EVENT_STREAM_URL = "redis://127.0.0.1:1"
    assert [line[2] for line in warnings()] == ["handlers", "webhooks", "stream"]
    # And nothing is said below the limit
    settings.RELAY_LAG_ALARM_SECONDS = 3600
    assert warnings() == []


@pytest.mark.usefixtures("_an_event_of_a_minute_ago")
def test_nothing_is_said_once_the_sinks_have_it() -> None:
    while any(relay.behind(sink=sink) for sink in relay.SINKS):
        relay.feed_all(now=NOW)

    assert warnings() == []


def test_webhooks_that_are_under_way_or_dead_are_left_to_do(settings: Settings) -> None:
    # Given
    settings.EVENT_STREAM_URL = ""
    with transaction():
        endpoint, _ = webhook_endpoints.create_endpoint(
            client="cli_test",
            url="https://shop.example/",
            event_types=["*"],
            description="",
            now=NOW,
            allow_private=False,
        )
        rows = [
            webhook_endpoints.send_test(
                endpoint_id=endpoint.public_id, client="cli_test", now=NOW + timedelta(seconds=n)
            )
            for n in range(3)
        ]
    for row, state in zip(rows, ("dead", "delivered", "pending"), strict=True):
        due = NOW if state == "pending" else None
        WebhookDelivery.objects.filter(pk=row.pk).update(state=state, next_attempt_at=due)
    while any(relay.behind(sink=sink) for sink in relay.SINKS):
        relay.feed_all(now=NOW)
    # Then
    assert backlog() == {"webhook deliveries": 1, "dead webhook deliveries": 1}
