"""Fixtures that many tests share."""

from collections.abc import Iterator

import httpx
import pytest
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations
from pytest_django import Settings

from payments.psp.registry import get_adapter
from tests.processes import Program, running, simulator
from tests.psp import Psp


@pytest.fixture(autouse=True, scope="session")
def _flush_past_the_triggers() -> Iterator[None]:
    """Let Django empty append-only tables between tests: as the superuser that only tests connect as."""
    flush = DatabaseOperations.execute_sql_flush

    def flush_as_replica(self: DatabaseOperations, sql_list: list[str]) -> None:
        on, off = "SET session_replication_role = replica", "RESET session_replication_role"
        flush(self, [on, *sql_list, off])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "execute_sql_flush", flush_as_replica)
        yield
    connection.close()


@pytest.fixture(scope="session")
def simulator_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A PSP simulator for tests that run our code in their own process."""
    with running(simulator(tmp_path_factory.mktemp("psp"))) as program:
        yield program


@pytest.fixture
def psp(simulator_process: Program, settings: Settings) -> Iterator[Psp]:
    """Have the Stripe adapter talk to the simulator, whose record is empty."""
    settings.PSP_ACCOUNTS = {
        "stripe": {
            "main": {
                "api_key": "sk_test_tests",
                "webhook_secret": "whsec_test",
                "api_base": simulator_process.url,
            }
        }
    }
    get_adapter.cache_clear()
    with httpx.Client(base_url=simulator_process.url, timeout=30) as http:
        http.delete("/_simulator/data").raise_for_status()
        yield Psp(http)
    get_adapter.cache_clear()
