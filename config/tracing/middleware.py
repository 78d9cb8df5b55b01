"""A span for each request: its method, its route and how it was answered. No address, no headers, no client."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from opentelemetry.trace import SpanKind

from exactly_once import tracing

_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_SERVER_ERROR = 500


class TracingMiddleware:
    """Opens the span of a request; goes on with its caller's trace, where that says which it is."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # A stranger's word may be anything.
        method = request.method if request.method in _METHODS else "_OTHER"
        with tracing.span(method, kind=SpanKind.SERVER, follows=request.headers.get("traceparent", "")) as span:
            response = self._get_response(request)
            span.set_attribute("http.request.method", method)
            if request.resolver_match and request.resolver_match.route:
                # The pattern: addresses have ids in them, and some are good for whoever knows them.
                span.set_attribute("http.route", request.resolver_match.route)
                span.update_name(f"{method} {request.resolver_match.route}")
            tracing.answered(span, status=response.status_code, failed=response.status_code >= _SERVER_ERROR)
        return response
