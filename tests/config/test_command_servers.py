"""Commands without DATABASE_URL, on a machine where nothing runs."""

import os
import shutil
import subprocess
import sys

import pytest

from config.services.leftovers import BASE_DIR
from config.services.state import StateDir
from tests.campaigns import PROCESSES
from tests.servers import STATE_DIR

pytestmark = PROCESSES.only

NOT_INHERITED = ("DATABASE_", "CELERY_BROKER_URL", "TALLY_ENVIRONMENT", "STRIPE_", "ADYEN_", "CHECKOUTCOM_")
WHO = "from django.db import connection as c; print(*c.cursor().execute('SELECT current_user').fetchone())"


def _manage(state: StateDir, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(NOT_INHERITED)}
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=BASE_DIR,
        env={**inherited, "TALLY_STATE_DIR": str(state.root), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def _empty(name: str) -> StateDir:
    shutil.rmtree(STATE_DIR / name, ignore_errors=True)
    return StateDir(STATE_DIR / name)


@pytest.fixture(scope="module")
def migrated() -> StateDir:
    state = _empty("commands")
    result = _manage(state, "migrate", "--no-input", "-v0")
    assert result.returncode == 0, result.stderr
    assert state.cluster.pid() is None
    return state


# Which commands are such: test_command_needs.py.
@pytest.mark.parametrize("words", [("makemigrations", "--check", "--dry-run"), ("shell", "--help"), ()])
def test_what_needs_no_database_starts_no_server(words: tuple[str, ...]) -> None:
    state = _empty("serverless")

    result = _manage(state, *words)

    assert result.returncode == 0, result.stderr
    assert "warning" not in result.stderr.lower()
    assert not state.root.exists()


def test_a_command_joins_the_database_as_the_application_and_leaves_nothing_running(migrated: StateDir) -> None:
    result = _manage(migrated, "shell", "-v0", "-c", WHO)

    assert result.stdout.strip() == "tally_web", result.stderr
    assert migrated.cluster.pid() is None


def test_the_books_are_right_before_anything_was_sold(migrated: StateDir) -> None:
    result = _manage(migrated, "verify", "--replay")

    assert result.returncode == 0, result.stderr


def test_without_a_stack_every_psp_is_the_simulator_on_this_machine(migrated: StateDir) -> None:
    code = "from django.conf import settings as s; print(*(a['main']['api_base'] for a in s.PSP_ACCOUNTS.values()))"

    result = _manage(migrated, "shell", "-v0", "-c", code)

    at = "http://127.0.0.1:8010"
    assert result.stdout == f"{at} {at}/adyen {at}/checkoutcom\n", result.stderr


def test_a_command_before_the_first_migration_says_what_to_do() -> None:
    state = _empty("unmigrated")

    result = _manage(state, "shell", "-v0", "-c", WHO)

    assert result.returncode == 1
    assert "has no tables yet: run `uv run manage.py migrate`" in result.stderr
    assert state.cluster.pid() is None


def test_a_command_that_fails_stops_the_server_and_keeps_its_exit_code(migrated: StateDir) -> None:
    result = _manage(migrated, "shell", "-v0", "-c", "raise SystemExit(3)")

    assert result.returncode == 3
    assert migrated.cluster.pid() is None


def test_a_command_of_a_person_has_no_statement_timeout_and_a_service_has_one(migrated: StateDir) -> None:
    code = "from django.db import connection as c; print(*c.cursor().execute('SHOW statement_timeout').fetchone())"

    assert _manage(migrated, "shell", "-v0", "-c", code).stdout.strip() == "0"
    limited = _manage(migrated, "shell", "-v0", "-c", code, DATABASE_STATEMENT_TIMEOUT_SECONDS="7")
    assert limited.stdout.strip() == "7s"


def test_the_secrets_of_a_folder_are_its_own_and_private(migrated: StateDir) -> None:
    path = migrated.root / "secrets.json"

    assert path.stat().st_mode & 0o077 == 0
    assert set(migrated.secrets()) == {
        "ADYEN_API_KEY",
        "ADYEN_HMAC_KEY",
        "CHECKOUTCOM_SECRET_KEY",
        "CHECKOUTCOM_WEBHOOK_SECRET",
        "SECRET_KEY",
        "SHOP_API_KEY",
        "STRIPE_API_KEY",
        "STRIPE_WEBHOOK_SECRET",
    }
    assert migrated.secrets() == migrated.secrets()
    assert migrated.secrets() != _empty("other").secrets()


def test_the_application_role_gets_its_password_from_the_environment(migrated: StateDir) -> None:
    missing = _manage(migrated, "application_role")
    given = _manage(migrated, "application_role", DATABASE_APPLICATION_PASSWORD="of the application")

    assert (missing.returncode, given.returncode) == (1, 0), given.stderr
    assert "DATABASE_APPLICATION_PASSWORD is missing" in missing.stderr
    assert given.stdout == "tally_web may sign in.\n"
