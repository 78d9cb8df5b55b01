"""How far a feed is behind can be seen, and `verify` names one whose log is not kept."""

from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from exactly_once.changefeed.lag import slots
from exactly_once.changefeed.sinks.jsonl import JsonlSink
from exactly_once.verify import checks
from tests.exactly_once.changefeed.conftest import Follow, drain
from tests.exactly_once.changefeed.names import SLOT

pytestmark = pytest.mark.django_db(transaction=True)


def verified() -> tuple[bool, int, str]:
    (result,) = (result for result in checks(now=datetime.now(UTC)) if result.name.endswith("for every change feed"))
    return result.passed, result.checked, result.detail


def test_a_feed_is_behind_by_what_was_written(owner: psycopg.Connection, follow: Follow, jsonl: JsonlSink) -> None:
    feed = follow(jsonl)
    owner.execute("INSERT INTO fruit SELECT n, repeat('x', 1000) FROM generate_series(1, 100) AS n")
    behind = slots()[SLOT].lag_bytes

    drain(feed)

    assert behind is not None
    assert behind > 100_000
    assert (slots()[SLOT].lag_bytes or 0) < 1000
    assert verified() == (True, 1, "")


def test_a_feed_whose_slot_is_gone_is_named_until_it_is_dropped(
    owner: psycopg.Connection, follow: Follow, jsonl: JsonlSink
) -> None:
    feed = follow(jsonl)
    owner.execute("SELECT pg_drop_replication_slot(%s)", [SLOT])
    assert verified() == (False, 1, f"1 wrong: {SLOT} (no slot)")

    feed.source.drop()

    assert verified() == (True, 0, "")


@pytest.mark.filterwarnings("ignore:Overriding get_action_choices")
def test_the_admin_shows_the_lag(owner: psycopg.Connection, follow: Follow, path: Path, client: Client) -> None:
    feed = follow(JsonlSink(path))
    drain(feed)
    client.force_login(User.objects.create_superuser("ada"))
    address = reverse("admin:exactly_once_changefeed_changelist")

    assert " bytes</td>" in client.get(address).content.decode()

    owner.execute("SELECT pg_drop_replication_slot(%s)", [SLOT])
    assert "no slot</td>" in client.get(address).content.decode()
