"""The catalog over HTTP: to read only; the admin edits it."""

import re
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from checkout import queries
from checkout.api import schemas
from checkout.models import Product
from checkout.representation import product_body
from exactly_once.api.conditional import IF_NONE_MATCH, NOT_MODIFIED, conditional_get, versioned
from exactly_once.api.filters import one_of, refused
from exactly_once.api.pagination import KeysetPagination
from exactly_once.errors import FieldError

MAX_SEARCH_CHARACTERS = 200  # a phrase, not a page

_FILTERS = [
    OpenApiParameter("search", str, description="Words, or beginnings of words, of name or description; all occur."),
    OpenApiParameter("sku", str, description="The product that has a variant of this SKU."),
    OpenApiParameter("active", bool, description="Whether it is for sale; true, if left out."),
]


@conditional_get
class ProductListView(GenericAPIView[Any]):
    """Products."""

    required_scope = "checkout"
    pagination_class = KeysetPagination
    serializer_class = schemas.ProductSchema

    @extend_schema(
        operation_id="products_list",
        parameters=[*_FILTERS, IF_NONE_MATCH],
        responses={200: schemas.ProductSchema(many=True), 304: NOT_MODIFIED},
    )
    def get(self, request: Request) -> Response:
        """List products, the oldest first."""
        page = self.paginate_queryset(_products(request.query_params)) or []
        return self.get_paginated_response([product_body(product) for product in page])


@conditional_get
class ProductView(APIView):
    """One product."""

    required_scope = "checkout"

    @extend_schema(
        operation_id="products_read",
        parameters=[IF_NONE_MATCH],
        responses={200: schemas.ProductSchema, 304: NOT_MODIFIED},
    )
    def get(self, _request: Request, product_id: str) -> Response:
        """Read a product with its prices and how many are free."""
        return versioned(queries.product(product_id=product_id, now=datetime.now(UTC)))


def _products(asked: QueryDict) -> QuerySet[Product]:
    """Return the products that the query asks for.

    :raises InvalidInput: ``max_length`` or ``unknown_choice``, naming the parameter.
    """
    found = queries.products(now=datetime.now(UTC))
    if search := asked.get("search"):
        if len(search) > MAX_SEARCH_CHARACTERS:
            raise refused(FieldError("/search", "max_length", f"At most {MAX_SEARCH_CHARACTERS} characters."))
        found = queries.matching(found, words=re.findall(r"\w+", search))
    if "sku" in asked:
        found = found.filter(pk__in=queries.products_with_sku(sku=str(asked["sku"])))
    active = one_of(asked, "active", {"true": True, "false": False}) if "active" in asked else True
    return found.filter(active=active)
