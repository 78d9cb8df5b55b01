"""The middleware that gives each request an id and logs its end."""

from django.http import HttpRequest
from django_structlog.middlewares import RequestMiddleware


class RequestLogMiddleware(RequestMiddleware):
    """django-structlog's middleware without the query string: it may hold a PSP's client secret."""

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        """Return the method and the path alone."""
        return f"{request.method} {request.path}"
