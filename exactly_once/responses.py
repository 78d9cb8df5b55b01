"""Responses as they are stored under a key: rendered once, replayed byte for byte."""

import json

from exactly_once.errors import FieldError, InvalidInput, TallyError
from exactly_once.keys import StoredResponse

PROBLEM_CONTENT_TYPE = "application/problem+json"


def json_response(
    status: int, body: dict[str, object], *, location: str = "", retry_after_seconds: int | None = None
) -> StoredResponse:
    """Render a body, its fields in the order given; ``location`` is the API address of what was made."""
    return StoredResponse(status=status, body=_bytes(body), location=location, retry_after_seconds=retry_after_seconds)


def problem_response(status: int, error: TallyError) -> StoredResponse:
    """Render a refusal as a problem document."""
    return StoredResponse(status=status, body=_bytes(problem_body(status, error)), content_type=PROBLEM_CONTENT_TYPE)


def problem_body(status: int, error: TallyError) -> dict[str, object]:
    """Describe a refusal as RFC 9457 has it, with our stable ``code`` and, for input, one entry per field."""
    body: dict[str, object] = {
        "type": f"/docs/errors#{error.code}",
        "title": error.code.replace("_", " ").capitalize(),
        "status": status,
        "detail": error.detail,
        "code": error.code,
    }
    if isinstance(error, InvalidInput) and error.fields:
        body["errors"] = [_field(one) for one in error.fields]
    return body | error.extra


def _field(error: FieldError) -> dict[str, str]:
    return {"pointer": error.pointer, "code": error.code, "detail": error.detail}


def _bytes(body: dict[str, object]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
