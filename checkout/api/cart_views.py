"""Carts over HTTP: each view validates, calls one domain verb, and answers."""

from datetime import UTC, datetime

from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from checkout import queries
from checkout.add_to_cart import add_to_cart
from checkout.api.cart_schemas import CartSchema
from checkout.api.cart_serializers import (
    AddCartLineSerializer,
    ChangeCartSerializer,
    CreateCartSerializer,
    MergeCartSerializer,
    SetCartLineSerializer,
)
from checkout.change_cart import change_cart
from checkout.create_cart import create_cart
from checkout.delete_cart import delete_cart
from checkout.merge_cart import merge_cart
from checkout.price_lines import LineItem
from checkout.set_cart_line import set_cart_line
from exactly_once.api.conditional import IF_MATCH, IF_NONE_MATCH, NOT_MODIFIED, conditional_get, expected, versioned
from exactly_once.api.idempotency import IdempotentAPIView, caller
from exactly_once.api.serializers import validated
from exactly_once.keys import StoredResponse
from exactly_once.responses import json_response


class CartListView(IdempotentAPIView):
    """Carts."""

    required_scope = "checkout"

    @extend_schema(operation_id="carts_create", request=CreateCartSerializer, responses={201: CartSchema})
    def post(self, request: Request) -> HttpResponse:
        """Begin a cart. A customer has one open cart at most; a guest's is known by its id alone, which is random."""
        new, client = validated(CreateCartSerializer, request).new(), caller(request)

        def work(now: datetime) -> StoredResponse:
            body = create_cart(client=client, new=new, now=now)
            return json_response(201, body, location=reverse("cart", args=[body["id"]]))

        return self.respond(request, self.in_one_transaction(work))


@conditional_get
class CartView(APIView):
    """One cart."""

    required_scope = "checkout"

    @extend_schema(
        operation_id="carts_read", parameters=[IF_NONE_MATCH], responses={200: CartSchema, 304: NOT_MODIFIED}
    )
    def get(self, request: Request, cart_id: str) -> Response:
        """Read a cart, at the prices of now."""
        now = datetime.now(UTC)
        return versioned(queries.cart_for_client(cart_id=cart_id, client=caller(request), now=now))

    @extend_schema(
        operation_id="carts_change", parameters=[IF_MATCH], request=ChangeCartSerializer, responses=CartSchema
    )
    def patch(self, request: Request, cart_id: str) -> Response:
        """Change all lines at once, or the terms that the cart is priced on."""
        change, seen = validated(ChangeCartSerializer, request).change(), expected(request)
        now = datetime.now(UTC)
        return versioned(change_cart(cart_id=cart_id, client=caller(request), change=change, now=now, expected=seen))

    @extend_schema(operation_id="carts_delete", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, cart_id: str) -> Response:
        """Throw the cart away."""
        delete_cart(cart_id=cart_id, client=caller(request), now=datetime.now(UTC), expected=expected(request))
        return Response(status=204)


class CartLineListView(IdempotentAPIView):
    """The lines of a cart."""

    required_scope = "checkout"

    @extend_schema(operation_id="carts_add_line", request=AddCartLineSerializer, responses={200: CartSchema})
    def post(self, request: Request, cart_id: str) -> HttpResponse:
        """Add units of one SKU to those that are there."""
        item = LineItem(**validated(AddCartLineSerializer, request).validated_data)
        client = caller(request)

        def work(now: datetime) -> StoredResponse:
            return json_response(200, add_to_cart(cart_id=cart_id, client=client, item=item, now=now))

        return self.respond(request, self.in_one_transaction(work))


class CartLineView(APIView):
    """One line of a cart."""

    required_scope = "checkout"

    @extend_schema(
        operation_id="carts_set_line", parameters=[IF_MATCH], request=SetCartLineSerializer, responses=CartSchema
    )
    def put(self, request: Request, cart_id: str, sku: str) -> Response:
        """Set how many units of a SKU there are."""
        quantity = validated(SetCartLineSerializer, request).validated_data["quantity"]
        return self._change(request, cart_id, LineItem(sku, quantity))

    @extend_schema(operation_id="carts_remove_line", parameters=[IF_MATCH], responses={200: CartSchema})
    def delete(self, request: Request, cart_id: str, sku: str) -> Response:
        """Take a SKU out of the cart, if it is there."""
        return self._change(request, cart_id, LineItem(sku, 0))

    def _change(self, request: Request, cart_id: str, item: LineItem) -> Response:
        now = datetime.now(UTC)
        return versioned(
            set_cart_line(cart_id=cart_id, client=caller(request), item=item, now=now, expected=expected(request))
        )


class MergeCartView(IdempotentAPIView):
    """Sign in."""

    required_scope = "checkout"

    @extend_schema(operation_id="carts_merge", request=MergeCartSerializer, responses=CartSchema)
    def post(self, request: Request, cart_id: str) -> HttpResponse:
        """Add a guest's lines to the customer's open cart, or make this cart the customer's; it is the answer."""
        customer, client = validated(MergeCartSerializer, request).validated_data["customer"], caller(request)

        def work(now: datetime) -> StoredResponse:
            return json_response(200, merge_cart(cart_id=cart_id, client=client, customer=customer, now=now))

        return self.respond(request, self.in_one_transaction(work))
