"""The catalog over HTTP: to read only; the admin edits it."""

import re
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.decorators import method_decorator
from django.views.decorators.http import conditional_page
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from checkout import queries
from checkout.api import schemas
from checkout.models import Product
from checkout.representation import product_body
from exactly_once.api.pagination import KeysetPagination
from exactly_once.errors import FieldError, InvalidInput

MAX_SEARCH_CHARACTERS = 200  # a phrase, not a page

_FILTERS = [
    OpenApiParameter("search", str, description="Words, or beginnings of words, of name or description; all occur."),
    OpenApiParameter("sku", str, description="The product that has a variant of this SKU."),
    OpenApiParameter("active", bool, description="Whether it is for sale; true, if left out."),
]
_IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, OpenApiParameter.HEADER, description="The `ETag` of the answer that you have."
)
_UNCHANGED = OpenApiResponse(description="Nothing has changed since the answer of that `ETag`.")


@method_decorator(conditional_page, name="dispatch")
class ProductListView(GenericAPIView[Any]):
    """Products."""

    required_scope = "checkout"
    pagination_class = KeysetPagination
    serializer_class = schemas.ProductSchema

    @extend_schema(
        operation_id="products_list",
        parameters=[*_FILTERS, _IF_NONE_MATCH],
        responses={200: schemas.ProductSchema(many=True), 304: _UNCHANGED},
    )
    def get(self, request: Request) -> Response:
        """List products, the oldest first."""
        page = self.paginate_queryset(_products(request.query_params)) or []
        return self.get_paginated_response([product_body(product) for product in page])


@method_decorator(conditional_page, name="dispatch")
class ProductView(APIView):
    """One product."""

    required_scope = "checkout"

    @extend_schema(
        operation_id="products_read",
        parameters=[_IF_NONE_MATCH],
        responses={200: schemas.ProductSchema, 304: _UNCHANGED},
    )
    def get(self, _request: Request, product_id: str) -> Response:
        """Read a product with its prices and how many are free."""
        return Response(queries.product(product_id=product_id, now=datetime.now(UTC)))


def _products(asked: QueryDict) -> QuerySet[Product]:
    """Return the products that the query asks for.

    :raises InvalidInput: ``max_length`` or ``unknown_choice``, naming the parameter.
    """
    found = queries.products(now=datetime.now(UTC))
    if search := asked.get("search"):
        if len(search) > MAX_SEARCH_CHARACTERS:
            raise _refused("search", "max_length", f"At most {MAX_SEARCH_CHARACTERS} characters.")
        found = queries.matching(found, words=re.findall(r"\w+", search))
    if "sku" in asked:
        found = found.filter(pk__in=queries.products_with_sku(sku=str(asked["sku"])))
    active = asked.get("active", "true")
    if active not in ("true", "false"):
        raise _refused("active", "unknown_choice", "One of true, false is expected.")
    return found.filter(active=active == "true")


def _refused(name: str, code: str, detail: str) -> InvalidInput:
    field = FieldError(f"/{name}", code, detail)
    return InvalidInput(code="invalid_input", detail="The query breaks a rule; see errors.", fields=(field,))
