"""Orders over HTTP: to read, ship, cancel and take back. Each view validates, calls one domain verb, and answers."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from checkout import queries
from checkout.api.order_filters import ORDER_FILTERS, orders_asked_for
from checkout.api.order_schemas import OrderSchema
from checkout.api.order_serializers import CancelOrderSerializer, ReturnSerializer, ShipmentSerializer
from checkout.cancel_order import cancel_order
from checkout.order_representation import order_address
from checkout.representation import Json
from checkout.return_order import return_order
from checkout.ship_order import ship_order
from exactly_once.api.conditional import (
    IF_MATCH,
    IF_NONE_MATCH,
    NOT_MODIFIED,
    conditional_get,
    expected,
    versioned,
)
from exactly_once.api.idempotency import IdempotentAPIView, caller
from exactly_once.api.pagination import NewestFirst
from exactly_once.api.serializers import validated
from exactly_once.keys import StoredResponse
from exactly_once.responses import json_response
from exactly_once.wake import wake

SCOPE = "checkout"


@conditional_get
class OrderListView(GenericAPIView[Any]):
    """Orders."""

    required_scope = SCOPE
    pagination_class = NewestFirst
    serializer_class = OrderSchema

    @extend_schema(
        operation_id="orders_list",
        parameters=[*ORDER_FILTERS, IF_NONE_MATCH],
        responses={200: OrderSchema(many=True), 304: NOT_MODIFIED},
    )
    def get(self, request: Request) -> Response:
        """List the client's orders, the newest first."""
        page = self.paginate_queryset(orders_asked_for(request.query_params, client=caller(request))) or []
        return self.get_paginated_response(queries.order_bodies(page))


@conditional_get
class OrderView(APIView):
    """One order."""

    required_scope = SCOPE

    @extend_schema(
        operation_id="orders_read", parameters=[IF_NONE_MATCH], responses={200: OrderSchema, 304: NOT_MODIFIED}
    )
    def get(self, request: Request, order_id: str) -> Response:
        """Read an order with its shipments, and what was taken off it or came back."""
        return versioned(queries.order_for_client(order_id=order_id, client=caller(request)))


class OrderDeedView(IdempotentAPIView):
    """What is done to an order."""

    required_scope = SCOPE

    def do(self, request: Request, deed: Callable[[datetime], Json], *, status: int) -> HttpResponse:
        """Do it under the request's key, and have the PSP asked for what follows from it."""

        def work(now: datetime) -> StoredResponse:
            body = deed(now)
            return json_response(status, body, location=order_address(str(body["id"])))

        answer = self.respond(request, self.in_one_transaction(work))
        wake("payments.sweep")
        return answer


class ShipmentListView(OrderDeedView):
    """Shipments of an order."""

    @extend_schema(
        operation_id="orders_ship", parameters=[IF_MATCH], request=ShipmentSerializer, responses={201: OrderSchema}
    )
    def post(self, request: Request, order_id: str) -> HttpResponse:
        """Say that all of it, or a part, has left; answers with the order. What is held of its payment is captured."""
        parcel, seen = validated(ShipmentSerializer, request).parcel(), expected(request)
        client = caller(request)
        return self.do(
            request,
            lambda now: ship_order(client=client, order_id=order_id, parcel=parcel, now=now, expected=seen),
            status=201,
        )


class CancelOrderView(OrderDeedView):
    """Cancel an order."""

    @extend_schema(
        operation_id="orders_cancel", parameters=[IF_MATCH], request=CancelOrderSerializer, responses=OrderSchema
    )
    def post(self, request: Request, order_id: str) -> HttpResponse:
        """Cancel what is not shipped, or a part of that: it is paid back, or not taken where it was only held."""
        cancel, seen = validated(CancelOrderSerializer, request).cancel(), expected(request)
        client = caller(request)
        return self.do(
            request,
            lambda now: cancel_order(client=client, order_id=order_id, cancel=cancel, now=now, expected=seen),
            status=200,
        )


class ReturnListView(OrderDeedView):
    """Returns of an order."""

    @extend_schema(
        operation_id="orders_return", parameters=[IF_MATCH], request=ReturnSerializer, responses={201: OrderSchema}
    )
    def post(self, request: Request, order_id: str) -> HttpResponse:
        """Say that shipped goods came back, and whether they are paid back; answers with the order."""
        goods, seen = validated(ReturnSerializer, request).goods(), expected(request)
        client = caller(request)
        return self.do(
            request,
            lambda now: return_order(client=client, order_id=order_id, goods=goods, now=now, expected=seen),
            status=201,
        )
