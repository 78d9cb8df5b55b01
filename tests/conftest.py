"""Fixtures that many tests share."""

import gc
import os
import subprocess
from collections.abc import Iterator

import httpx
import pytest
from django.db import connection
from django.test import TransactionTestCase
from django.test.utils import override_settings
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pytest_django import Settings

from config.services import valkey
from exactly_once import tracing
from payments.psp.registry import get_adapter
from tests.mutation.guards import without
from tests.processes import SECRETS, Program, running, simulator
from tests.psp import Psp
from tests.tables import empty_tables
from tests.waiting import eventually

# How long something takes says nothing on a machine that others use.
hypothesis_settings.register_profile(
    "tally", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
hypothesis_settings.load_profile("tally")


def pytest_collection_finish() -> None:
    """Have the garbage collector look at what tests leave, not at 6,000 tests and all modules over and over."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def _empty_tables_quickly() -> Iterator[None]:
    """Empty the tables after each test that commits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _case: empty_tables())
        yield
    connection.close()


@pytest.fixture(autouse=True, scope="session")
def _spare_each_test() -> Iterator[None]:
    """Hash passwords quickly, not for a quarter of a second, and look static files up when they are asked for.

    Each test client builds its own middleware, and WhiteNoise's reads all static files when it is built.
    """
    hashers = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with override_settings(PASSWORD_HASHERS=hashers, WHITENOISE_AUTOREFRESH=True):
        yield


@pytest.fixture(autouse=True, scope="session")
def _without_the_guard(request: pytest.FixtureRequest) -> Iterator[None]:
    """Run the whole session without the guard that scripts/mutation_gate.py names, as TABLE.NAME."""
    name = os.environ.get("TALLY_WITHOUT_GUARD")
    if name is None:
        yield
        return
    request.getfixturevalue("django_db_setup")
    blocker = request.getfixturevalue("django_db_blocker")
    with blocker.unblock(), without(*name.split(".")):
        yield


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """What an exporter is given: a tracer of the test's own, for a provider is set once per process."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_tracer", provider.get_tracer("tests"))
    return exporter


@pytest.fixture(scope="session")
def simulator_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A PSP simulator for tests that run our code in their own process."""
    with running(simulator(tmp_path_factory.mktemp("psp"))) as program:
        yield program


@pytest.fixture
def psp(simulator_process: Program, settings: Settings) -> Iterator[Psp]:
    """Have the adapters talk to the simulator, whose record is empty."""
    settings.PSP_ACCOUNTS = {
        "stripe": {
            "main": {
                "adapter": "payments.psp.stripe.StripeAdapter",
                "api_key": "sk_test_tests",
                "webhook_secret": SECRETS["stripe"],
                "api_base": simulator_process.url,
            }
        },
        "adyen": {
            "main": {
                "adapter": "payments.psp.adyen.AdyenAdapter",
                "api_key": "key_tests",
                "merchant_account": "TallyTests",
                "hmac_key": SECRETS["adyen"],
                "api_base": f"{simulator_process.url}/adyen",
                "return_url": "https://pay.example/returns/adyen/main",
                "several_captures": True,
            }
        },
    }
    get_adapter.cache_clear()
    with httpx.Client(base_url=simulator_process.url, timeout=30) as http:
        http.delete("/_simulator/data").raise_for_status()
        yield Psp(http)
    get_adapter.cache_clear()


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Valkey server of the tests' own."""
    data_dir = tmp_path_factory.mktemp("valkey")
    with subprocess.Popen(valkey.command(data_dir=data_dir), stdout=subprocess.DEVNULL) as server:
        eventually(lambda: valkey.answers(data_dir=data_dir), "Valkey answers")
        yield valkey.broker_url(data_dir=data_dir)
        server.terminate()
