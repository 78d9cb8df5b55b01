"""The whole service with RabbitMQ as its broker, where Debian's rabbitmq-server is installed; CI installs it."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection
from kombu.exceptions import OperationalError

from config.services.stack import Stack
from tests.campaigns import PROCESSES
from tests.processes import free_port
from tests.servers import STATE_DIR
from tests.shop import Shop, shop_at
from tests.stack import new_stack
from tests.waiting import eventually

SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
START_SECONDS = 120
SECONDS = 60

pytestmark = PROCESSES.only


class RabbitMQ:
    """A server of the test's own, in a directory, on ports of this machine."""

    def __init__(self, root: Path) -> None:
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        (root / "enabled_plugins").touch()
        self.root, self.port = root, free_port()
        # Erlang's own daemon looks after names of servers. This one is not shared with anybody else's.
        self.epmd = {"ERL_EPMD_PORT": str(free_port()), "ERL_EPMD_ADDRESS": "127.0.0.1"}
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}//"
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        settings = {
            **self.epmd,
            "HOME": str(self.root),  # of Erlang's cookie
            "RABBITMQ_NODENAME": f"tally{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(self.root / "data"),
            "RABBITMQ_LOG_BASE": str(self.root / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.root / "enabled_plugins"),
            "RABBITMQ_CONFIG_FILE": str(self.root / "none"),
            "RABBITMQ_CONF_ENV_FILE": str(self.root / "none"),
        }
        with (self.root / "out").open("ab") as out:
            self._running = subprocess.Popen(
                [SERVER], env={**os.environ, **settings}, stdout=out, stderr=out, stdin=subprocess.DEVNULL
            )
        eventually(self.answers, "RabbitMQ answers", within_seconds=START_SECONDS)

    def stop(self) -> None:
        if self._running is not None:
            self._running.terminate()
            self._running.wait(timeout=SECONDS)

    def answers(self) -> bool:
        try:
            with Connection(self.url, connect_timeout=1) as connection:
                connection.ensure_connection(max_retries=1, timeout=1)
        except (OperationalError, OSError):
            return False
        return True

    def waiting(self, queue: str) -> int:
        """Return how many messages are in a quorum queue; asked for as any other kind it would be refused."""
        with Connection(self.url) as connection:
            channel: Any = connection.channel()  # kombu types what every kind of broker has
            arguments = {"x-queue-type": "quorum"}
            return int(channel.queue_declare(queue, durable=True, auto_delete=False, arguments=arguments).message_count)


@pytest.fixture(scope="module")
def rabbitmq() -> Iterator[RabbitMQ]:
    if not SERVER.exists():
        assert not os.environ.get("TALLY_RABBITMQ_REQUIRED"), "no rabbitmq-server is installed"
        pytest.skip("no rabbitmq-server is installed")
    server = RabbitMQ(STATE_DIR / "rabbitmq-server")
    server.start()
    yield server
    server.stop()
    # It refuses while it knows a server.
    subprocess.run(["epmd", "-kill"], env={**os.environ, **server.epmd}, capture_output=True, check=False)


@pytest.fixture(scope="module")
def stack(rabbitmq: RabbitMQ) -> Iterator[Stack]:
    with new_stack("rabbitmq", broker_url=rabbitmq.url) as running:
        yield running


@pytest.fixture(scope="module")
def shop(stack: Stack) -> Iterator[Shop]:
    with shop_at(stack) as shop:
        yield shop


def ready(shop: Shop) -> dict[str, str]:
    return dict(shop.http.get("/readyz").json()["checks"])


def done(shop: Shop) -> bool:
    """Whether every event has had its effect, and every handler has run."""
    open_runs = "SELECT count(*) FROM exactly_once_handlerrun WHERE state <> 'done'"
    open_events = "SELECT count(*) FROM exactly_once_inboxevent WHERE state <> 'processed'"
    runs = "SELECT count(*) FROM exactly_once_handlerrun"
    return shop.sql(open_runs) == shop.sql(open_events) == [(0,)] and shop.sql(runs)[0][0] > 0


def test_a_sale_and_what_follows_from_it_is_carried_by_quorum_queues(rabbitmq: RabbitMQ, shop: Shop) -> None:
    # When
    session = shop.open_session()
    assert shop.pay(session).status_code == 200
    # Then
    eventually(lambda: done(shop), "webhooks and mails are seen to", within_seconds=SECONDS)
    assert ready(shop)["broker"] == "pass"
    assert shop.orders_of(session) == 1
    eventually(lambda: rabbitmq.waiting("celery") == 0, "no message is left", within_seconds=SECONDS)


def test_while_it_is_away_sales_go_on_and_when_it_is_back_so_does_all_else(rabbitmq: RabbitMQ, shop: Shop) -> None:
    # Given
    rabbitmq.stop()
    # When
    session = shop.open_session()
    assert shop.pay(session).status_code == 200
    # Then
    assert ready(shop)["broker"] == "warn"
    assert shop.orders_of(session) == 1
    # When it is back
    rabbitmq.start()
    # Then
    eventually(lambda: ready(shop)["broker"] == "pass", "the broker is noticed", within_seconds=SECONDS)
    eventually(lambda: done(shop), "webhooks and mails are seen to", within_seconds=2 * SECONDS)
