"""The one character that PostgreSQL cannot keep, refused once for every address and every query string.

Bodies are read by serializers and forms, which refuse it themselves.
"""

from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse

NUL = "\0"
NUL_ENCODED = "%00"


class RefuseNulMiddleware:
    """Answers 400, where a look-up would end as an error of the database."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if NUL in request.path_info or NUL_ENCODED in request.META.get("QUERY_STRING", ""):
            raise BadRequest("a NUL in the address")
        return self._get_response(request)
