"""Bodies that come in chunks, with the length that Django goes by.

Without a Content-Length Django takes a body for empty: a cart sent in chunks would arrive as no cart at all. How long a
body may be is exactly_once/api/bodies.py's business, and the webhook view's.
"""

import re
from collections.abc import Iterable, Mapping
from io import BytesIO
from typing import TYPE_CHECKING

import structlog

from exactly_once.errors import TallyError
from exactly_once.responses import problem_response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = structlog.get_logger(__name__)


class ChunkedBodies:
    """A WSGI middleware that reads a chunked body, but for one that is too long, and tells its length."""

    def __init__(
        self, application: "WSGIApplication", *, limit_bytes: int, longer: Mapping[re.Pattern[str], int] | None = None
    ) -> None:
        """Take the limit of all addresses but for those that match one of ``longer``, which have that limit."""
        self._application = application
        self._limit_bytes = limit_bytes
        self._longer = dict(longer or {})

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        # Only a server that marks the end of a body lets us read to it.
        if "HTTP_TRANSFER_ENCODING" in environ and environ.get("wsgi.input_terminated"):
            limit_bytes = self._limit_of(environ.get("PATH_INFO", ""))
            body = environ["wsgi.input"].read(limit_bytes + 1)
            if len(body) > limit_bytes:
                return _refuse(environ, start_response, limit_bytes)
            environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        return self._application(environ, start_response)

    def _limit_of(self, path: str) -> int:
        return next((limit for address, limit in self._longer.items() if address.fullmatch(path)), self._limit_bytes)


def _refuse(environ: "WSGIEnvironment", start_response: "StartResponse", limit_bytes: int) -> Iterable[bytes]:
    log.info("request.body_too_large", request=f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
    detail = f"A body has at most {limit_bytes} bytes here."
    answer = problem_response(413, TallyError(code="body_too_large", detail=detail))
    length = str(len(answer.body))
    start_response("413 Content Too Large", [("Content-Type", answer.content_type), ("Content-Length", length)])
    return [answer.body]
