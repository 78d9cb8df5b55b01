"""How log events look: JSON in production, readable elsewhere; the same for Django, Celery and the web server.

An event has a name and ids. Bodies, headers, card data and secrets never reach a log: `redact` is the last net.
"""

import logging
import os
import re
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from config.environment import DEVELOPMENT, PRODUCTION
from exactly_once import tracing
from exactly_once.card_numbers import without_card_numbers

REDACTED = "[redacted]"

# Parts of a field's name whose value is not for the log.
SECRET_NAMES = re.compile(
    r"password|passwd|secret|token|authorization|cookie|card|cvc|api_key|headers|body|payload", re.IGNORECASE
)
# Secrets inside a text (an exception's message, an address): PSP and API keys, and a URL's password.
SECRET_TEXTS = re.compile(r"\b(?:sk|rk|pk|whsec)_[\w.\-]{8,}|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)")


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace what must not be logged: values by their field's name; keys, passwords and card numbers in any text."""
    for name, value in event.items():
        if name != "event" and SECRET_NAMES.search(name):
            event[name] = REDACTED
        elif isinstance(value, str):
            event[name] = without_card_numbers(SECRET_TEXTS.sub(REDACTED, value), REDACTED)
    return event


def name_trace(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add the ids of the trace and the span in which it happened, where there are any."""
    if found := tracing.ids():
        event["trace_id"], event["span_id"] = found
    return event


SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    name_trace,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    # As plain text: the richer forms print the local variables of each frame, and with them secrets.
    structlog.processors.format_exc_info,
    redact,
]


def formatter() -> logging.Formatter:
    """Return the formatter of this environment. The web server's own log asks for it too (config/web_logs.json)."""
    production = os.environ.get("TALLY_ENVIRONMENT", DEVELOPMENT) == PRODUCTION
    renderer: Processor = (
        structlog.processors.JSONRenderer() if production else structlog.dev.ConsoleRenderer(colors=False)
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=SHARED,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )


def logging_config(*, level: str) -> dict[str, Any]:
    """Return the standard library's logging configuration: one handler, to stderr."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"tally": {"()": "config.logs.formatter"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "tally"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            # Each refused request has its line already (config/request_log.py); this one adds the tracebacks.
            "django.request": {"level": "ERROR"},
            # The SDK logs requests and their bodies below WARNING.
            "stripe": {"level": "WARNING"},
            # Checkout.com's names each request and each refusal; what they come to is an outcome, and logged as such.
            "checkout_sdk": {"level": "CRITICAL"},
            # Beneath either, each address is named below INFO, also one that is good for whoever knows it.
            "urllib3": {"level": "INFO"},
        },
    }


def configure() -> None:
    """Send structlog's events through the standard library's handlers."""
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
