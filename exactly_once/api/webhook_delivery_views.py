"""What became of each event at a client's endpoint, and another try."""

from datetime import datetime
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from exactly_once import webhook_resend
from exactly_once.api import webhook_serializers as shapes
from exactly_once.api.idempotency import IdempotentAPIView, caller
from exactly_once.api.pagination import NewestFirst
from exactly_once.api.serializers import EmptySerializer, validated
from exactly_once.keys import StoredResponse
from exactly_once.models import WebhookDelivery
from exactly_once.models.webhook import DELIVERY_STATES
from exactly_once.responses import json_response

_STATE = OpenApiParameter("state", str, enum=DELIVERY_STATES)
_AGAIN = OpenApiExample(
    "Its endpoint was away for four days",
    {
        "event_id": "01a2095c-e06f-7907-b638-9ba0f30f8e90",
        "event_type": "order.confirmed",
        "state": "pending",
        "attempts": 22,
        "next_attempt_at": "2026-11-27T12:00:00Z",
        "last_status": 503,
        "last_error": "HTTP 503",
        "response_snippet": "Down for maintenance",
        "delivered_at": None,
        "created_at": "2026-11-23T12:00:00Z",
    },
    response_only=True,
)
_SPAN = OpenApiExample(
    "A weekend",
    {"created_from": "2026-11-21T00:00:00Z", "created_before": "2026-11-23T00:00:00Z"},
    request_only=True,
)
_RESENT = OpenApiExample("All of them", {"resent": 312, "more": False}, response_only=True)


class DeliveryListView(GenericAPIView[WebhookDelivery]):
    """Deliveries."""

    required_scope = "webhooks"
    pagination_class = NewestFirst
    serializer_class = shapes.DeliverySchema

    @extend_schema(
        operation_id="webhook_deliveries_list",
        parameters=[_STATE],
        responses=shapes.DeliverySchema(many=True),
    )
    def get(self, request: Request, endpoint_id: str) -> Response:
        """List an endpoint's deliveries, the newest first."""
        rows = webhook_resend.deliveries_of(
            endpoint_id=endpoint_id, client=caller(request), state=request.query_params.get("state")
        )
        page = self.paginate_queryset(rows) or []
        return self.get_paginated_response(shapes.DeliverySchema(page, many=True).data)


class ResendView(IdempotentAPIView):
    """One delivery again."""

    required_scope = "webhooks"

    @extend_schema(
        operation_id="webhook_deliveries_resend",
        request=EmptySerializer,
        responses={202: shapes.DeliverySchema},
        examples=[_AGAIN],
    )
    def post(self, request: Request, endpoint_id: str, event_id: UUID) -> HttpResponse:
        """Send an event again, delivered or dead, under the same webhook-id. It goes out within seconds."""
        validated(EmptySerializer, request)
        client = caller(request)

        def work(now: datetime) -> StoredResponse:
            delivery = webhook_resend.resend_one(endpoint_id=endpoint_id, client=client, event_id=event_id, now=now)
            return json_response(202, dict(shapes.DeliverySchema(delivery).data))

        return self.respond(request, self.in_one_transaction(work))


class ResendDeadView(IdempotentAPIView):
    """Many deliveries again."""

    required_scope = "webhooks"

    @extend_schema(
        operation_id="webhook_endpoints_resend_dead",
        request=shapes.ResendDeadBody,
        responses={202: shapes.ResentSchema},
        examples=[_SPAN, _RESENT],
    )
    def post(self, request: Request, endpoint_id: str) -> HttpResponse:
        """Send the dead deliveries of a span of time again, the oldest first, up to 1,000 in one request."""
        created_from, created_before = validated(shapes.ResendDeadBody, request).range()
        client = caller(request)

        def work(now: datetime) -> StoredResponse:
            resent = webhook_resend.resend_dead(
                endpoint_id=endpoint_id,
                client=client,
                created_from=created_from,
                created_before=created_before,
                now=now,
            )
            return json_response(202, {"resent": resent.count, "more": resent.more})

        return self.respond(request, self.in_one_transaction(work))
