"""``manage.py relay`` as a process: it delivers, survives its database session, and ends when it is told to."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection
from django_subatomic.db import transaction

from exactly_once import outbox, relay
from tests.exactly_once.conftest import Connect

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[2]
NAME = "relay_under_test"


@pytest.fixture
def running_relay() -> Iterator[subprocess.Popen[bytes]]:
    """The command, as the application's role, on the test database."""
    connection.ensure_connection()
    info = connection.connection.info
    address = f"postgresql://{info.user}@{quote(info.host, safe='')}:{info.port}/{info.dbname}"
    url = f"{address}?application_name={NAME}&options={quote('-c role=tally_app')}"
    environment = os.environ | {"DATABASE_URL": url, "PGPASSWORD": info.password}
    with subprocess.Popen([sys.executable, "manage.py", "relay"], cwd=ROOT, env=environment) as process:
        yield process
        process.kill()


def publish(thing: str) -> None:
    with transaction():
        outbox.publish(
            aggregatetype="thing",
            aggregateid=thing,
            type="thing.done",
            payload={},
            now=datetime(2026, 11, 23, 12, 0, tzinfo=UTC),
        )


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def all_delivered() -> bool:
    return relay.behind(sink=relay.HANDLERS) == 0


def test_the_relay_delivers_survives_the_loss_of_its_session_and_stops(
    running_relay: subprocess.Popen[bytes], connect: Connect
) -> None:
    # Given
    publish("one")
    until(all_delivered)
    # When its database session is cut off
    with connect(autocommit=True) as owner:
        cut = owner.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = %s", [NAME]
        ).fetchone()
    # Then it goes on
    assert cut is not None
    assert cut[0] >= 1
    publish("two")
    until(all_delivered)
    # And ends in good order when asked to
    running_relay.send_signal(signal.SIGTERM)
    assert running_relay.wait(timeout=30) == 0
