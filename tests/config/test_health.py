"""Whoever runs the service learns whether a process is alive, and whether to give it requests."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django_subatomic.db import transaction
from pytest_django import Settings

from config import health
from config.services.stack import Stack
from exactly_once import outbox
from tests.factories import NOW

pytestmark = pytest.mark.django_db(transaction=True)

WELL = {"database": "pass", "migrations": "pass", "broker": "pass", "relay": "pass"}


@pytest.fixture(autouse=True)
def broker(settings: Settings) -> Iterator[socket.socket]:
    """Stand for a broker that takes connections; nobody says anything to it here."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings.CELERY_BROKER_URL = f"amqp://guest@127.0.0.1:{listener.getsockname()[1]}//"
        yield listener


@pytest.fixture
def _broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_broker", lambda: "pass")


def ready() -> tuple[int, str, dict[str, str]]:
    answer = Client().get("/readyz")
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, answer.json()["status"], answer.json()["checks"]


def test_a_process_that_answers_is_alive_whatever_else_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "checks", _never)
    answer = Client().get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "pass", "checks": {}})


def _never() -> None:
    raise AssertionError


@pytest.mark.usefixtures("_broker")
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_are_answered_under_any_name_without_tls_and_only_there(settings: Settings, path: str) -> None:
    settings.SECURE_SSL_REDIRECT, settings.ALLOWED_HOSTS = True, ["shop.example"]
    client = Client(headers={"host": "10.1.2.3:8000"})
    assert client.get(path).status_code == 200
    assert client.get(f"{path}/more").status_code in {301, 400}


@pytest.mark.usefixtures("_broker")
def test_with_its_database_as_this_code_needs_it_a_process_is_ready() -> None:
    assert ready() == (200, "pass", WELL)


@pytest.mark.usefixtures("_broker")
def test_before_the_migrations_of_this_code_it_is_not() -> None:
    # Given a database of the last release: the last migration of a package is not there yet
    last = next(name for app, name in sorted(health._needed()) if app == "ledger")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'ledger' AND name = %s", [last])
    try:
        # Then
        assert ready() == (503, "fail", WELL | {"migrations": "fail"})
    finally:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('ledger', %s, now())", [last])


@pytest.mark.usefixtures("_broker")
def test_a_migration_of_the_next_release_does_no_harm() -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('ledger', '9999_next', now())")
    try:
        assert ready() == (200, "pass", WELL)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE name = '9999_next'")


@pytest.mark.usefixtures("_broker")
def test_without_its_database_it_is_not_ready_and_says_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a server that nobody answers at
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    nowhere: Any = connection.copy(alias="nowhere")
    nowhere.settings_dict |= {"HOST": "127.0.0.1", "PORT": port}
    nowhere.settings_dict["OPTIONS"] = {"connect_timeout": 2}
    monkeypatch.setattr(health, "connection", nowhere)
    # Then
    states = dict.fromkeys(WELL, "fail") | {"broker": "pass"}
    assert ready() == (503, "fail", states)


def test_without_a_broker_it_is_ready_and_warns(broker: socket.socket) -> None:
    broker.close()
    assert ready() == (200, "warn", WELL | {"broker": "warn"})


@pytest.mark.usefixtures("_broker")
def test_a_relay_that_is_late_is_a_warning(settings: Settings) -> None:
    # Given an event that nobody has been given
    with transaction():
        outbox.publish(aggregatetype="order", aggregateid="1", type="order.confirmed", payload={}, now=NOW)
    settings.RELAY_LAG_ALARM_SECONDS = -1
    # Then
    assert ready() == (200, "warn", WELL | {"relay": "warn"})


def test_a_broker_that_hangs_costs_a_probe_a_moment() -> None:
    # The listener takes the connection, and never answers.
    assert health._broker() == "warn"


def test_the_broker_of_the_stack_answers(stack: Stack, settings: Settings) -> None:
    settings.CELERY_BROKER_URL = stack.broker_url
    assert health._broker() == "pass"
