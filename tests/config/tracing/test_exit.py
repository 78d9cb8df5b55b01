"""A process that ends sends what it has to tell, and is not kept for long by a collector that is away."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from config.tracing.install import FLUSH_SECONDS
from tests.config.tracing.receiver import receiving
from tests.processes import free_port

PROGRAM = """
import time
from django.conf import settings
settings.configure(OTEL_SERVICE_NAME="tally-test")
from config.tracing.install import install
from exactly_once import tracing
install()
with tracing.span("work"):
    pass
print(time.time(), flush=True)
"""


def seconds_to_exit(endpoint: str) -> float:
    """Run a process with one span; return how long it took to end from when its work was done."""
    environment = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, check=True, text=True)
    return time.time() - float(done.stdout)


@contextmanager
def silent() -> Iterator[str]:
    """Accept connections, and never answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_the_last_span_is_sent_at_the_end() -> None:
    with receiving() as collector:
        seconds_to_exit(collector.url)

    assert [(span.service, span.name) for span in collector.spans()] == [("tally-test", "work")]


def test_a_collector_that_refuses_keeps_no_process() -> None:
    assert seconds_to_exit(f"http://127.0.0.1:{free_port()}") < FLUSH_SECONDS + 2


def test_a_collector_that_never_answers_keeps_no_process() -> None:
    with silent() as endpoint:
        assert seconds_to_exit(endpoint) < FLUSH_SECONDS + 2
