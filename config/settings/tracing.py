"""OpenTelemetry: whether spans are made at all. Its SDK reads the other standard variables itself (docs/tracing.md)."""

from django.core.exceptions import ImproperlyConfigured

from config.settings.variables import env

# Its own variables, by their own names. Without an endpoint nothing is installed.
OTEL_EXPORTER_OTLP_ENDPOINT: str = env.str("OTEL_EXPORTER_OTLP_ENDPOINT", "")
OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: str = env.str("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "")
OTEL_SDK_DISABLED: bool = env.bool("OTEL_SDK_DISABLED", default=False)
# Each service of docker-compose.yml calls its database sessions something: that names it here, too.
OTEL_SERVICE_NAME: str = env.str("OTEL_SERVICE_NAME", "") or env.str("PGAPPNAME", "") or "tally"
TRACING = bool(OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) and not OTEL_SDK_DISABLED

_PROTOCOL: str = env.str("OTEL_EXPORTER_OTLP_PROTOCOL", "") or "http/protobuf"
if TRACING and _PROTOCOL != "http/protobuf":
    msg = "OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf: Tally speaks no other (docs/tracing.md)."
    raise ImproperlyConfigured(msg)
