"""Send spans to the OTLP endpoint of the environment, in batches, from a thread of its own."""

import atexit
from threading import Thread

from celery import signals
from django.conf import settings
from django.db.backends.signals import connection_created
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from config.tracing.statements import watch

FLUSH_SECONDS = 2


def install() -> None:
    """Install the SDK, which reads the other OTEL_ variables itself, and have statements watched. Once per process."""
    resource = Resource.create({"service.name": settings.OTEL_SERVICE_NAME})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    # It finds out itself when a process forks, and begins anew in the child.
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    connection_created.connect(watch, dispatch_uid="tracing")
    atexit.register(_flush, provider)
    # A worker's process ends without exit handlers.
    signals.worker_process_shutdown.connect(lambda **_: _flush(provider), weak=False)


def _flush(provider: TracerProvider) -> None:
    """Send what is left, for so long and no longer: the SDK takes a bound, and tries for as long as it likes."""
    sending = Thread(target=provider.force_flush, daemon=True)
    sending.start()
    sending.join(FLUSH_SECONDS)
