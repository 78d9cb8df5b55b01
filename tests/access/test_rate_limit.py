"""Who asks too often is told when to come again, and nobody else notices."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from config.access import rate_limit
from config.access.models import ApiKey
from config.services.leftovers import BASE_DIR
from config.settings.api import _beside
from tests.access.test_api_keys import SESSIONS
from tests.api import Api, everything, problem

pytestmark = pytest.mark.django_db

ORDERS = "/api/v1/orders"


@pytest.fixture(autouse=True)
def _forget(settings: Settings) -> Iterator[None]:
    settings.API_REQUESTS_PER_MINUTE = 3
    rate_limit._made.cache_clear()
    yield
    rate_limit._made.cache_clear()


def _statuses(api: Api, count: int) -> list[int]:
    return [api.get(ORDERS).status_code for _ in range(count)]


def test_one_request_too_many_is_refused_and_says_when_to_come_again() -> None:
    # Given
    api = Api("checkout")
    assert _statuses(api, 3) == [200, 200, 200]
    before = everything()
    # When
    answer = api.post(SESSIONS, {"currency": "EUR", "line_items": []})
    # Then
    body = problem(answer)
    assert (answer.status_code, body["code"], body["type"]) == (429, "rate_limited", "/docs/errors#rate_limited")
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert everything() == before


def test_the_limit_is_a_clients_whatever_its_keys() -> None:
    first, second, stranger = Api("checkout"), Api("checkout"), Api("checkout", client="cli_other")
    assert _statuses(first, 2) + _statuses(second, 2) == [200, 200, 200, 429]
    assert _statuses(stranger, 3) == [200, 200, 200]


def test_a_key_may_have_a_limit_of_its_own() -> None:
    api = Api("checkout")
    ApiKey.objects.update(requests_per_minute=5)
    assert _statuses(api, 6) == [200] * 5 + [429]
    ApiKey.objects.update(requests_per_minute=0)
    assert _statuses(api, 20) == [200] * 20


def test_who_has_no_key_is_asked_for_one_however_often() -> None:
    api = Api("checkout")
    assert [api.get(ORDERS, Authorization="").status_code for _ in range(5)] == [401] * 5


def test_processes_that_share_a_server_share_the_count(settings: Settings, valkey_url: str) -> None:
    # Given
    settings.API_RATE_LIMIT_STORAGE = _beside(valkey_url)
    api = Api("checkout", client="cli_shared")
    assert _statuses(api, 2) == [200, 200]
    # When another process takes over, which has counted nothing
    rate_limit._made.cache_clear()
    # Then
    assert _statuses(api, 2) == [200, 429]


def test_a_server_that_cannot_count_lets_everybody_through(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.API_RATE_LIMIT_STORAGE = "redis+unix:///nowhere/valkey.sock"
    assert _statuses(Api("checkout"), 5) == [200] * 5
    assert "rate_limit.not_counted" in caplog.text


@pytest.mark.parametrize(
    ("broker", "storage"),
    [
        ("", "memory://"),
        ("amqp://broker", "memory://"),
        ("redis://broker:6379/0", "redis://broker:6379/0"),
        ("rediss://broker:6379/0", "rediss://broker:6379/0"),
        ("redis+socket:///run/valkey.sock", "redis+unix:///run/valkey.sock"),
    ],
)
def test_requests_are_counted_at_the_broker_where_that_can_count(broker: str, storage: str) -> None:
    assert _beside(broker) == storage


def test_the_first_requests_of_a_process_may_come_at_once(settings: Settings, valkey_url: str) -> None:
    # Given a process that has not counted yet, and has not even loaded what it needs for that
    program = (
        "import django; django.setup()\n"
        "from tests.concurrency.crowd import everyone\n"
        "from config.access import rate_limit\n"
        "assert len({id(limiter) for limiter in everyone(8, lambda _: rate_limit._limiter())}) == 1\n"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "CELERY_BROKER_URL": valkey_url}
    # When, then
    subprocess.run([sys.executable, "-c", program], check=True, cwd=BASE_DIR, env=environment, timeout=60)
