"""Conditional requests over HTTP (RFC 9110): nothing is sent twice that has not changed, nor changed that is stale.

A view decorated with :data:`conditional_get` answers If-None-Match. One that answers with :func:`versioned` gives
the version that :func:`expected` finds in If-Match again; the verb checks it under its lock.
"""

import re
from collections.abc import Mapping

from django.utils.decorators import method_decorator
from django.utils.http import parse_etags
from django.views.decorators.http import conditional_page
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework.request import Request
from rest_framework.response import Response

from exactly_once.errors import InvalidInput
from exactly_once.versions import ANY_VERSION, Expected, version_of

_TAG = r'(W/)?"[!#-~]*"'
IF_MATCH_PATTERN = rf"(\*|{_TAG}( *, *{_TAG})*)"

IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, OpenApiParameter.HEADER, description="The `ETag` of the answer that you have."
)
IF_MATCH = OpenApiParameter(
    "If-Match",
    {"type": "string", "pattern": f"^{IF_MATCH_PATTERN}$"},
    OpenApiParameter.HEADER,
    description="The `ETag` of the answer that this is decided upon. If it has changed: 412, and nothing happens.",
)
NOT_MODIFIED = OpenApiResponse(description="Nothing has changed since the answer of that `ETag`.")

conditional_get = method_decorator(conditional_page, name="dispatch")


def versioned(body: Mapping[str, object]) -> Response:
    """Answer with a body and, as its ETag, its version."""
    return Response(body, headers={"ETag": f'"{version_of(body)}"'})


def expected(request: Request) -> Expected:
    """Return what If-Match says; a weak tag, which says that only the meaning is the same, never fits.

    :raises InvalidInput: ``if_match_malformed``.
    """
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return ANY_VERSION
    if re.fullmatch(IF_MATCH_PATTERN, header.strip()) is None:
        raise InvalidInput(
            code="if_match_malformed", detail='If-Match is an ETag with its quotation marks, such as "5d41402abc4b".'
        )
    return Expected(frozenset(tag.strip('"') for tag in parse_etags(header)))
