"""A span for each task that somebody was woken for."""

from typing import Any

from celery import Task
from opentelemetry.trace import SpanKind

from config.sweeps import SWEEPS
from exactly_once import tracing


class TracedTask(Task):  # type: ignore[type-arg]  # Celery's class has no parameters when it runs
    """A task whose message says which trace it goes on with (exactly_once/wake.py)."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the task in a span. Sweeps have none: those that find nothing would be most of what there is to see."""
        if self.name in SWEEPS:
            return super().__call__(*args, **kwargs)
        headers = self.request.headers or {}
        follows = self.request.get("traceparent") or headers.get("traceparent", "")
        with tracing.span(f"run {self.name}", kind=SpanKind.CONSUMER, follows=follows) as span:
            span.set_attribute("messaging.system", "celery")
            span.set_attribute("messaging.message.id", self.request.id or "")
            return super().__call__(*args, **kwargs)
