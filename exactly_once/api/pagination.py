"""Lists a page at a time, by keyset: a page costs the same wherever in the list it is."""

from collections.abc import Sequence

from rest_framework.pagination import CursorPagination
from rest_framework.response import Response


class KeysetPagination(CursorPagination):
    """Pages of ``?limit=`` rows in the order of their ids; ``next`` is the address of the following page, or null."""

    page_size = 20
    page_size_query_param = "limit"
    max_page_size = 100
    ordering = "pk"

    def get_paginated_response(self, data: Sequence[object]) -> Response:
        return Response({"data": data, "next": self.get_next_link()})

    def get_paginated_response_schema(self, schema: dict[str, object]) -> dict[str, object]:
        link = {"type": ["string", "null"], "format": "uri", "description": "The next page, if there is one."}
        return {
            "type": "object",
            "required": ["data", "next"],
            "properties": {"data": schema, "next": link},
        }


class NewestFirst(KeysetPagination):
    """The same, the newest row first."""

    ordering = "-pk"
