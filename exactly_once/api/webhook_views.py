"""A client's webhook endpoints: made, changed, tested, their secrets rotated."""

from datetime import datetime

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from exactly_once import webhook_endpoints
from exactly_once.api import webhook_serializers as shapes
from exactly_once.api.idempotency import IdempotentAPIView, caller
from exactly_once.api.pagination import KeysetPagination
from exactly_once.api.serializers import EmptySerializer, validated
from exactly_once.keys import StoredResponse
from exactly_once.models import WebhookEndpoint
from exactly_once.responses import json_response

_ENDPOINT = {
    "id": "wep_069ipj3rtrsg3fvbm6jd7n9s0g",
    "url": "https://shop.example/hooks",
    "event_types": ["order.*", "refund.succeeded"],
    "description": "The shop",
    "enabled": True,
    "disabled_reason": "",
    "created_at": "2026-11-23T12:00:00Z",
}
_WANTED = OpenApiExample(
    "All about orders, and refunds that were paid",
    {name: _ENDPOINT[name] for name in ("url", "event_types", "description")},
    request_only=True,
)
_SHOWN = OpenApiExample("An endpoint", _ENDPOINT, response_only=True)
_OFF = OpenApiExample("Switch it off", {"enabled": False}, request_only=True)
_LEAKED = OpenApiExample("The old one has leaked", {"overlap_seconds": 0}, request_only=True)
_TOLD = OpenApiExample(
    "With its secret", {**_ENDPOINT, "secret": "whsec_(44 characters of base64)"}, response_only=True
)


class EndpointListView(IdempotentAPIView, GenericAPIView[WebhookEndpoint]):
    """Webhook endpoints."""

    required_scope = "webhooks"
    pagination_class = KeysetPagination
    serializer_class = shapes.EndpointSchema

    @extend_schema(operation_id="webhook_endpoints_list", responses=shapes.EndpointSchema(many=True))
    def get(self, request: Request) -> Response:
        """List the client's endpoints, the oldest first."""
        page = self.paginate_queryset(webhook_endpoints.endpoints_of(client=caller(request))) or []
        return self.get_paginated_response(shapes.EndpointSchema(page, many=True).data)

    @extend_schema(
        operation_id="webhook_endpoints_create",
        request=shapes.CreateEndpointBody,
        responses={201: shapes.EndpointWithSecretSchema},
        examples=[_WANTED, _TOLD],
    )
    def post(self, request: Request) -> HttpResponse:
        """Make an endpoint. The answer, and no other, has its secret; retries with the same key get it again."""
        wanted = validated(shapes.CreateEndpointBody, request).validated_data
        client = caller(request)

        def work(now: datetime) -> StoredResponse:
            endpoint, secret = webhook_endpoints.create_endpoint(
                client=client, **wanted, now=now, allow_private=settings.WEBHOOKS_ALLOW_PRIVATE
            )
            location = f"/api/v1/webhook-endpoints/{endpoint.public_id}"
            return json_response(201, _told(endpoint, secret), location=location)

        return self.respond(request, self.in_one_transaction(work))


class EndpointView(APIView):
    """One webhook endpoint."""

    required_scope = "webhooks"

    @extend_schema(operation_id="webhook_endpoints_read", responses=shapes.EndpointSchema, examples=[_SHOWN])
    def get(self, request: Request, endpoint_id: str) -> Response:
        """Read an endpoint."""
        row = webhook_endpoints.endpoint_of(endpoint_id=endpoint_id, client=caller(request))
        return Response(shapes.EndpointSchema(row).data)

    @extend_schema(
        operation_id="webhook_endpoints_change",
        request=shapes.ChangeEndpointBody,
        responses=shapes.EndpointSchema,
        examples=[_OFF, _SHOWN],
    )
    def patch(self, request: Request, endpoint_id: str) -> Response:
        """Change an endpoint, or switch it on or off. None is deleted: its deliveries tell what was sent."""
        row = webhook_endpoints.change_endpoint(
            endpoint_id=endpoint_id,
            client=caller(request),
            change=validated(shapes.ChangeEndpointBody, request).change(),
            allow_private=settings.WEBHOOKS_ALLOW_PRIVATE,
        )
        return Response(shapes.EndpointSchema(row).data)


class RotateSecretView(IdempotentAPIView):
    """A new secret."""

    required_scope = "webhooks"

    @extend_schema(
        operation_id="webhook_endpoints_rotate_secret",
        request=shapes.RotateSecretBody,
        responses=shapes.EndpointWithSecretSchema,
        examples=[_LEAKED, _TOLD],
    )
    def post(self, request: Request, endpoint_id: str) -> HttpResponse:
        """Make a new secret, valid at once. The old ones sign beside it for 24 hours, or for as long as you say."""
        overlap = validated(shapes.RotateSecretBody, request).overlap()
        client = caller(request)

        def work(now: datetime) -> StoredResponse:
            endpoint, secret = webhook_endpoints.rotate_secret(
                endpoint_id=endpoint_id, client=client, now=now, overlap=overlap
            )
            return json_response(200, _told(endpoint, secret))

        return self.respond(request, self.in_one_transaction(work))


class TestView(IdempotentAPIView):
    """A test event."""

    required_scope = "webhooks"

    @extend_schema(
        operation_id="webhook_endpoints_test", request=EmptySerializer, responses={202: shapes.DeliverySchema}
    )
    def post(self, request: Request, endpoint_id: str) -> HttpResponse:
        """Send `webhook_endpoint.test` to this endpoint, whatever types it wants. It goes out within seconds."""
        validated(EmptySerializer, request)
        client = caller(request)

        def work(now: datetime) -> StoredResponse:
            delivery = webhook_endpoints.send_test(endpoint_id=endpoint_id, client=client, now=now)
            return json_response(202, dict(shapes.DeliverySchema(delivery).data))

        return self.respond(request, self.in_one_transaction(work))


def _told(endpoint: WebhookEndpoint, secret: str) -> dict[str, object]:
    return {**shapes.EndpointSchema(endpoint).data, "secret": secret}
