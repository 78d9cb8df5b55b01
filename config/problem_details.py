"""Every error as a problem document (RFC 9457), with a stable code and, for input, one entry per field."""

import math
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from itertools import islice
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from exactly_once import errors
from exactly_once.api.bodies import MAX_FIELD_ERRORS, BodyTooLarge
from exactly_once.responses import PROBLEM_CONTENT_TYPE, problem_body
from payments.errors import BadSignature, PaymentDeclined

log = structlog.get_logger(__name__)

_STATUS_OF: tuple[tuple[type[errors.TallyError], int], ...] = (
    (BadSignature, status.HTTP_400_BAD_REQUEST),
    (PaymentDeclined, status.HTTP_402_PAYMENT_REQUIRED),
    (errors.InvalidInput, status.HTTP_400_BAD_REQUEST),
    (errors.NotFound, status.HTTP_404_NOT_FOUND),
    (errors.PreconditionFailed, status.HTTP_412_PRECONDITION_FAILED),
    (errors.Unprocessable, status.HTTP_422_UNPROCESSABLE_ENTITY),
    (errors.TryLater, status.HTTP_409_CONFLICT),
    (errors.Refused, status.HTTP_409_CONFLICT),
)

_CODE_OF: dict[type[exceptions.APIException], str] = {
    exceptions.ParseError: "malformed_json",
    exceptions.NotAuthenticated: "unauthenticated",
    exceptions.AuthenticationFailed: "unauthenticated",
    exceptions.MethodNotAllowed: "method_not_allowed",
    exceptions.NotAcceptable: "not_acceptable",
    exceptions.UnsupportedMediaType: "unsupported_media_type",
    exceptions.Throttled: "rate_limited",
    exceptions.NotFound: "not_found",
}


def exception_handler(error: Exception, _context: Mapping[str, Any]) -> Response:
    """Answer an exception of a view. What is none of ours is logged, and answered without a word of its own."""
    set_rollback()
    known = _as_tally_error(error)
    if known is None:
        log.error("request.failed", exc_info=error)
        known = errors.TallyError(code="internal_error", detail="Something went wrong on our side. Try again later.")
        return problem(status.HTTP_500_INTERNAL_SERVER_ERROR, known)
    response = problem(_status_of(error, known), known)
    if isinstance(known, errors.TryLater):
        response["Retry-After"] = str(known.retry_after_seconds)
    if isinstance(error, exceptions.APIException) and getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]  # set by APIView.handle_exception
    if isinstance(error, exceptions.Throttled) and (wait := getattr(error, "wait", None)) is not None:
        response["Retry-After"] = str(math.ceil(wait))
    return response


def problem(status_code: int, error: errors.TallyError) -> Response:
    """Build the response of a problem."""
    return Response(problem_body(status_code, error), status=status_code, content_type=PROBLEM_CONTENT_TYPE)


def _status_of(error: Exception, known: errors.TallyError) -> int:
    if isinstance(error, exceptions.APIException):
        return int(error.status_code)
    if isinstance(error, RequestDataTooBig):
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    if isinstance(error, PermissionDenied):
        return status.HTTP_403_FORBIDDEN
    return next(code for kind, code in _STATUS_OF if isinstance(known, kind))


def _as_tally_error(error: Exception) -> errors.TallyError | None:  # noqa: PLR0911 - a table in words
    match error:
        case errors.TallyError():
            return error
        case exceptions.ValidationError():
            return errors.InvalidInput(
                code="invalid_input",
                detail="The request breaks a rule; see errors.",
                fields=tuple(islice(_field_errors(error.get_full_details(), ""), MAX_FIELD_ERRORS)),
            )
        case exceptions.APIException():
            code = next((code for kind, code in _CODE_OF.items() if isinstance(error, kind)), None)
            return errors.TallyError(code=code or str(error.get_codes()), detail=str(error.detail))
        case Http404():
            return errors.NotFound(code="not_found", detail="There is nothing at this address.")
        case PermissionDenied():
            return errors.TallyError(code="forbidden", detail="This is not allowed.")
        case RequestDataTooBig():
            # Django's own check goes by the declared length and has this limit alone.
            limit = error.limit_bytes if isinstance(error, BodyTooLarge) else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
            return errors.TallyError(code="body_too_large", detail=f"A body has at most {limit} bytes here.")
    return None


def _field_errors(details: Any, pointer: str) -> Iterator[errors.FieldError]:
    """Flatten DRF's nested details into JSON Pointers (RFC 6901)."""
    if isinstance(details, Mapping) and {"message", "code"} == set(details) and isinstance(details["code"], str):
        yield errors.FieldError(pointer, details["code"], str(details["message"]))
    elif isinstance(details, Mapping):
        for name, inner in details.items():
            step = "" if name == "non_field_errors" else "/" + str(name).replace("~", "~0").replace("/", "~1")
            yield from _field_errors(inner, pointer + step)
    elif isinstance(details, Sequence):
        leaves = all(isinstance(one, Mapping) and isinstance(one.get("code"), str) for one in details)
        for index, inner in enumerate(details):
            yield from _field_errors(inner, pointer if leaves else f"{pointer}/{index}")
