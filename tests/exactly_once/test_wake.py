"""A wake-up call is a hint: no broker, however broken, may fail or hold whoever sends one."""

import socket
import time
from collections.abc import Iterator

import pytest
from celery import Celery
from django.conf import settings

from exactly_once import wake as waking
from exactly_once.wake import wake


@pytest.fixture
def silent_broker() -> Iterator[socket.socket]:
    """Listens, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        yield server


@pytest.fixture(autouse=True)
def _nobody_has_knocked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waking._Broker, "away_until", 0.0)


def use_broker(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    app = Celery("test", broker=url, set_as_current=False)
    app.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    app.conf.broker_connection_timeout = settings.CELERY_BROKER_CONNECTION_TIMEOUT
    monkeypatch.setattr(waking, "current_app", app)


def knocks(server: socket.socket) -> int:
    count = 0
    try:
        while True:
            server.accept()[0].close()
            count += 1
    except TimeoutError:
        return count


def test_a_broker_that_refuses_costs_next_to_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given
    use_broker(monkeypatch, "redis://127.0.0.1:1/0")
    began = time.monotonic()
    # When
    sent = wake("exactly_once.process_inbox_event", 1)
    # Then
    assert sent is False
    assert time.monotonic() - began < 1


def test_a_broker_that_hangs_is_left_and_not_asked_again_at_once(
    monkeypatch: pytest.MonkeyPatch, silent_broker: socket.socket
) -> None:
    # Given
    use_broker(monkeypatch, f"redis://127.0.0.1:{silent_broker.getsockname()[1]}/0")
    began = time.monotonic()
    # When
    sent = [wake("exactly_once.process_inbox_event", number) for number in range(100)]
    # Then
    assert sent == [False] * 100
    assert time.monotonic() - began < 5
    assert knocks(silent_broker) == 1


def test_after_the_pause_the_broker_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a broker that was away
    use_broker(monkeypatch, "redis://127.0.0.1:1/0")
    wake("exactly_once.process_inbox_event", 1)
    # When it is back, before and after the pause
    use_broker(monkeypatch, "memory://")
    before = wake("exactly_once.process_inbox_event", 1)
    monkeypatch.setattr(waking, "monotonic", lambda: time.monotonic() + waking.PAUSE_SECONDS)
    after = wake("exactly_once.process_inbox_event", 1)
    # Then
    assert (before, after) == (False, True)
