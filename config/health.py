"""Whether this process is alive, and whether it may be given requests: /healthz and /readyz, for whoever runs it.

They are answered before all other middleware: by whatever host name a probe asks, with or without TLS, and without a
line in the log. Only states are told, no names and no errors, so nobody has to sign in.
"""

from collections.abc import Callable
from functools import cache
from typing import Literal

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse, JsonResponse
from kombu import Connection
from kombu.exceptions import OperationalError

from exactly_once import relay_lag

type State = Literal["pass", "warn", "fail"]

BROKER_TIMEOUT_SECONDS = 1


class HealthMiddleware:
    """Answers a probe, and lets every other request pass."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info == "/healthz":
            return _answer({})
        if request.path_info == "/readyz":
            return _answer(checks())
        return self._get_response(request)


def checks() -> dict[str, State]:
    """Return what this process needs and how it stands.

    ``fail`` for that without which a request cannot be answered: the database, with every migration of this code.
    ``warn`` for that which only makes effects late: a broker carries wake-up calls, and the relay catches up.
    """
    try:
        migrated = _needed() <= _applied()
        lagging = max((lag.seconds for lag in relay_lag.lags().values()), default=0) if migrated else 0
    except DatabaseError:
        return {"database": "fail", "migrations": "fail", "broker": _broker(), "relay": "fail"}
    return {
        "database": "pass",
        "migrations": "pass" if migrated else "fail",
        "broker": _broker(),
        "relay": "warn" if lagging > settings.RELAY_LAG_ALARM_SECONDS else "pass",
    }


@cache
def _needed() -> set[tuple[str, str]]:
    """Return the migrations that nothing in this code comes after; newer ones of a next release do no harm."""
    return set(MigrationLoader(None).graph.leaf_nodes())


def _applied() -> set[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations")
        return {(app, name) for app, name in cursor.fetchall()}


def _broker() -> State:
    with Connection(settings.CELERY_BROKER_URL, connect_timeout=BROKER_TIMEOUT_SECONDS) as broker:
        try:
            broker.ensure_connection(max_retries=1, timeout=BROKER_TIMEOUT_SECONDS)
        except (OperationalError, OSError):
            return "warn"
    return "pass"


def _answer(found: dict[str, State]) -> HttpResponse:
    worst = next((state for state in ("fail", "warn") if state in found.values()), "pass")
    answer = JsonResponse({"status": worst, "checks": found}, status=503 if worst == "fail" else 200)
    answer.headers["Cache-Control"] = "no-store"
    return answer
