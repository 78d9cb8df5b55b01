"""The stack that the end-to-end tests stand on."""

import http.client
from urllib.parse import urlsplit

import psycopg
from celery import Celery

from config.services.stack import WEB_PROCESS, WORKER_PROCESS, Stack
from tests.campaigns import PROCESSES
from tests.servers import STATE_DIR
from tests.stack import new_stack


def application(environ: object, start_response: object) -> list[bytes]:
    """Stand for a test's own WSGI application, which says what its process was told."""
    import os

    start_response("200 OK", [("Content-Type", "text/plain")])  # type: ignore[operator]
    return [os.environ["IDEMPOTENCY_LEASE_SECONDS"].encode()]


def _get(stack: Stack, path: str, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(stack.base_url).netloc, timeout=5)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, body


def test_the_web_server_answers_with_styles(stack: Stack) -> None:
    assert _get(stack, "/admin/login/")[0] == 200
    assert _get(stack, "/static/admin/css/base.css")[0] == 200


def test_its_api_key_opens_its_shop(stack: Stack) -> None:
    status, body = _get(stack, "/api/v1/products", Authorization=f"Bearer {stack.api_key}")

    assert status == 200, body
    assert stack.state.sign_in_path.is_relative_to(STATE_DIR)


def test_the_worker_takes_messages_from_the_broker(stack: Stack) -> None:
    with Celery(broker=stack.broker_url, set_as_current=False) as client:
        answers = client.control.ping(timeout=5)

    assert [list(answer.values()) for answer in answers or ()] == [[{"ok": "pong"}]]


def test_the_application_may_not_what_its_tables_owner_may(stack: Stack) -> None:
    with psycopg.connect(stack.database_url) as owner, psycopg.connect(stack.app_database_url) as app:
        assert owner.info.user == "postgres"
        assert app.execute("SELECT current_user").fetchone() == ("tally_app",)
        assert app.execute("SELECT has_schema_privilege('public', 'CREATE')").fetchone() == (False,)


def test_a_killed_web_server_comes_back_when_it_is_restarted(stack: Stack) -> None:
    web = stack.processes[WEB_PROCESS]
    first = web.pid

    web.kill9()
    assert web.exit_code is not None
    web.restart()

    assert web.pid != first
    assert _get(stack, "/admin/login/")[0] == 200


@PROCESSES.only
def test_a_process_can_be_told_something_of_its_own_and_the_web_server_given_another_application() -> None:
    told = {"IDEMPOTENCY_LEASE_SECONDS": "30"}
    with new_stack(
        "told",
        of_process={WEB_PROCESS: told},
        web_application=f"{__name__}:application",
        without=frozenset({WORKER_PROCESS, "beat", "relay", "simulator"}),
    ) as stack:
        assert _get(stack, "/") == (200, b"30")

        stack.processes[WEB_PROCESS].restart(environment={"IDEMPOTENCY_LEASE_SECONDS": "2"})

        assert _get(stack, "/") == (200, b"2")
        assert WORKER_PROCESS not in stack.processes
