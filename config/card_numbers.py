"""Card numbers in addresses and headers, refused before the request is logged. Bodies: exactly_once/api/bodies.py."""

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import unquote_plus

from django.http import HttpRequest, HttpResponse

from exactly_once.card_numbers import has_card_number
from exactly_once.errors import TallyError
from exactly_once.responses import problem_response

# What a client makes up and we keep or log.
HEADERS = ("HTTP_IDEMPOTENCY_KEY", "HTTP_X_REQUEST_ID", "HTTP_X_CORRELATION_ID", "HTTP_USER_AGENT")


class RefuseCardNumbersMiddleware:
    """Answers 400 to an address or a header that has one; stands before the log of requests."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        headers = (str(request.META.get(name, "")) for name in HEADERS)
        query = unquote_plus(request.META.get("QUERY_STRING", ""))
        if any(map(has_card_number, (request.path_info, query, *headers))):
            detail = "The address or a header has what looks like a card number. Nothing was kept of it."
            problem = problem_response(HTTPStatus.BAD_REQUEST, TallyError(code="card_number_refused", detail=detail))
            return HttpResponse(problem.body, status=problem.status, content_type=problem.content_type)
        return self._get_response(request)
