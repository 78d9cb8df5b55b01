"""Send spans to the OTLP endpoint of the environment, in batches, from a thread of its own."""

from celery import signals
from django.conf import settings
from django.db.backends.signals import connection_created
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from config.tracing.statements import watch

# A worker's process ends without the exit handlers that would send what is left.
FLUSH_MILLISECONDS = 2_000


def install() -> None:
    """Install the SDK, which reads the other OTEL_ variables itself, and have statements watched. Once per process."""
    provider = TracerProvider(resource=Resource.create({"service.name": settings.OTEL_SERVICE_NAME}))
    # It finds out itself when a process forks, and begins anew in the child.
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    connection_created.connect(watch, dispatch_uid="tracing")
    signals.worker_process_shutdown.connect(lambda **_: provider.force_flush(FLUSH_MILLISECONDS), weak=False)
