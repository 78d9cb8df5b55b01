"""Where DATABASE_URL and CELERY_BROKER_URL name servers, those are used and none is embedded."""

import shutil
import signal
from collections.abc import Iterator

import pytest

from config.services import commands, valkey
from config.services.leftovers import Record
from config.services.processes import Process
from config.services.servers import Database, given_broker, given_database
from tests.campaigns import PROCESSES
from tests.config.test_up import up
from tests.servers import STATE_DIR
from tests.stack import empty_database

NAME = "from django.db import connection as c; print(*c.cursor().execute('SELECT current_database()').fetchone())"


@pytest.fixture
def broker_url() -> Iterator[str]:
    """A broker that `up` did not start."""
    root = STATE_DIR / "broker"
    root.mkdir(parents=True, exist_ok=True)
    command = commands.local(valkey.command(data_dir=root))
    process = Process(
        "broker", command, {}, root / "log", Record(root / "record"), is_ready=lambda: valkey.answers(data_dir=root)
    )
    process.start()
    process.wait_until_ready()
    yield valkey.broker_url(data_dir=root)
    process.stop()


@PROCESSES.only
def test_up_starts_no_server_where_others_are_given(broker_url: str) -> None:
    shutil.rmtree(STATE_DIR / "given", ignore_errors=True)
    database = empty_database("tally_given")
    environment = {
        "DATABASE_URL": database.app_url,
        "DATABASE_OWNER_URL": database.owner_url,
        "CELERY_BROKER_URL": broker_url,
    }

    with up("given", environment=environment) as service:
        running = service.wait_until_it_runs()
        # A command in another window, where nothing is set, uses what runs.
        del service.environment["DATABASE_URL"], service.environment["DATABASE_OWNER_URL"]
        assert service.manage("shell", "-v0", "-c", NAME).stdout.strip() == "tally_given"
        service.process.send_signal(signal.SIGINT)
        assert service.process.wait(timeout=30) == 0

    assert {name: running.environment[name] for name in ("DATABASE_URL", "CELERY_BROKER_URL")} == {
        "DATABASE_URL": database.app_url,
        "CELERY_BROKER_URL": broker_url,
    }
    assert not (service.state.root / "postgres").exists()
    assert not (service.state.root / "valkey").exists()


def test_without_an_owners_address_the_application_is_the_owner() -> None:
    assert given_database({"DATABASE_URL": "postgresql://one"}) == Database("postgresql://one", "postgresql://one")
    assert given_database({"DATABASE_URL": ""}) is None
    assert given_broker({"CELERY_BROKER_URL": ""}) is None
