"""What Django answers where no view does: a problem document to programs, a small page to people."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from exactly_once.errors import TallyError
from exactly_once.responses import problem_response

# Below these addresses it is programs who call.
FOR_PROGRAMS = ("/api/", "/webhooks/", "/metrics")

_CODE_OF: dict[int, str] = {400: "bad_request", 403: "forbidden", 404: "not_found", 500: "internal_error"}
_SENTENCE_OF = {
    400: "This request cannot be understood.",
    403: "This is not allowed.",
    404: "There is nothing at this address.",
    500: "Something went wrong on our side. Try again later.",
}


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django passes it by name
    """Answer 400, for example to a host name that is not ours."""
    return _answer(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django passes it by name
    """Answer 403."""
    return _answer(request, 403)


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django has logged it
    """Answer 403 to a form without its token: most often one that was open since another sign-in."""
    sentence = "This form has grown old. Go back, load the page again, and send it once more."
    return _answer(request, 403, sentence)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django passes it by name
    """Answer 404."""
    return _answer(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500. Django has logged the error."""
    return _answer(request, 500)


def _answer(request: HttpRequest, status: int, sentence: str = "") -> HttpResponse:
    sentence = sentence or _SENTENCE_OF[status]
    if request.path_info.startswith(FOR_PROGRAMS):
        problem = problem_response(status, TallyError(code=_CODE_OF[status], detail=sentence))
        return HttpResponse(problem.body, status=problem.status, content_type=problem.content_type)
    return render(request, "pages/error.html", {"status": status, "sentence": sentence}, status=status)
