"""Lists a page at a time, by keyset: a page costs the same wherever in the list it is."""

from collections.abc import Sequence
from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from exactly_once.errors import InvalidInput


class KeysetPagination(CursorPagination):
    """Pages of ``?limit=`` rows in the order of their ids; ``next`` is the address of the following page, or null."""

    page_size = 20
    page_size_query_param = "limit"
    max_page_size = 100
    ordering = "pk"

    def get_page_size(self, request: Request) -> int:
        """Return the limit that was asked for.

        :raises InvalidInput: ``limit_invalid``.
        """
        asked = request.query_params.get(self.page_size_query_param)
        if asked is None:
            return self.page_size
        if not _is_whole(asked) or not 1 <= int(asked) <= self.max_page_size:
            raise InvalidInput(code="limit_invalid", detail=f"limit is a number from 1 to {self.max_page_size}.")
        return int(asked)

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Return where the page begins, None for the first.

        :raises InvalidInput: ``cursor_invalid``: it is none that ``next`` gave out.
        """
        try:
            cursor = super().decode_cursor(request)
        except NotFound:
            raise _cursor_invalid() from None
        if cursor is not None and cursor.position is not None and not _is_whole(str(cursor.position)):
            raise _cursor_invalid()
        return cursor

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        limit = {"type": "integer", "minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        return [
            _in_query("cursor", {"type": "string"}, "Where the page begins, as `next` has it."),
            _in_query("limit", limit, "How many rows a page has."),
        ]

    def get_paginated_response(self, data: Sequence[object]) -> Response:
        return Response({"data": data, "next": self.get_next_link()})

    def get_paginated_response_schema(self, schema: dict[str, object]) -> dict[str, object]:
        link = {
            "type": ["string", "null"],
            "format": "uri",
            "description": "The next page, if there is one.",
            "example": "https://shop.example/api/v1/refunds?cursor=cD0xMjM0",
        }
        return {
            "type": "object",
            "required": ["data", "next"],
            "properties": {"data": schema, "next": link},
        }


class NewestFirst(KeysetPagination):
    """The same, the newest row first."""

    ordering = "-pk"


def _in_query(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def _is_whole(text: str) -> bool:
    """Whether this is a row's number as we write it; 18 digits hold every bigint that we give out."""
    return text.isascii() and text.isdecimal() and len(text) <= 18  # noqa: PLR2004 - see above


def _cursor_invalid() -> InvalidInput:
    return InvalidInput(code="cursor_invalid", detail="This cursor is none: follow next as it was given.")
