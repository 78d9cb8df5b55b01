"""The payments API: each view validates, calls one domain verb, and answers. What is left to do, a worker is woken for.

Its sweeper does what nobody was woken for, so nothing here has to go out for the work to be done.
"""

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from exactly_once.api.idempotency import IdempotentAPIView, caller
from exactly_once.api.pagination import NewestFirst
from exactly_once.api.serializers import EmptySerializer, validated
from exactly_once.keys import StoredResponse
from exactly_once.responses import json_response
from exactly_once.wake import wake
from payments import client_verbs, queries
from payments.api import schemas, serializers
from payments.confirm_intent import confirm_intent
from payments.create_intent import create_intent
from payments.representation import capture_body, intent_address, intent_body, refund_body

SCOPE = "payments"


class IntentListView(IdempotentAPIView, GenericAPIView[Any]):
    """Payment intents."""

    required_scope = SCOPE
    pagination_class = NewestFirst
    serializer_class = schemas.IntentSchema

    @extend_schema(operation_id="payment_intents_list", responses=schemas.IntentSchema(many=True))
    def get(self, request: Request) -> Response:
        """List the client's payment intents, the newest first."""
        page = self.paginate_queryset(queries.intents(client=caller(request))) or []
        return self.get_paginated_response(
            [
                intent_body(intent, attempts=list(intent.attempts.all()), parts=list(intent.parts.all()))
                for intent in page
            ]
        )

    @extend_schema(
        operation_id="payment_intents_create",
        request=serializers.CreateIntentSerializer,
        responses={201: schemas.IntentSchema},
    )
    def post(self, request: Request) -> HttpResponse:
        """Say what is to be collected. Nobody is asked for money before it is confirmed."""
        wish = validated(serializers.CreateIntentSerializer, request).wish()
        client = caller(request)

        def work(now: datetime) -> StoredResponse:
            body = create_intent(client=client, wish=wish, now=now)
            return json_response(201, body, location=intent_address(str(body["id"])))

        return self.respond(request, self.in_one_transaction(work))


class IntentView(APIView):
    """One payment intent."""

    required_scope = SCOPE

    @extend_schema(operation_id="payment_intents_read", responses=schemas.IntentSchema)
    def get(self, request: Request, intent_id: str) -> Response:
        """Read a payment intent."""
        return Response(queries.intent_for_client(intent_id=intent_id, client=caller(request)))


class ConfirmIntentView(IdempotentAPIView):
    """Pay an intent."""

    required_scope = SCOPE

    @extend_schema(
        operation_id="payment_intents_confirm",
        request=serializers.ConfirmIntentSerializer,
        responses={200: schemas.IntentSchema, 202: schemas.IntentSchema},
    )
    def post(self, request: Request, intent_id: str) -> HttpResponse:
        """Pay. 200: captured, authorised, or `requires_action` with a `next_action`. 202: not known yet.

        After a 202, ask again under the same key in `Retry-After` seconds, or look at the intent.
        """
        method = validated(serializers.ConfirmIntentSerializer, request).method()
        return self.respond(
            request,
            lambda keyed, now: confirm_intent(
                keyed=keyed, intent_id=intent_id, method=method, now=now, refuse=self.refuse
            ),
        )


class CaptureIntentView(IdempotentAPIView):
    """Take an authorised payment."""

    required_scope = SCOPE

    @extend_schema(
        operation_id="payment_intents_capture",
        request=serializers.CaptureSerializer,
        responses={201: schemas.CaptureSchema},
    )
    def post(self, request: Request, intent_id: str) -> HttpResponse:
        """Have the money taken, or part of it. The capture is pending until the PSP has answered: an event tells."""
        told = validated(serializers.CaptureSerializer, request).validated_data
        client = caller(request)

        def work(now: datetime) -> StoredResponse:
            body = client_verbs.capture_intent(
                client=client,
                intent_id=intent_id,
                amount_minor=told.get("amount_minor"),
                final=told["final"],
                now=now,
            )
            return json_response(201, body, location=reverse("capture", args=[body["id"]]))

        answer = self.respond(request, self.in_one_transaction(work))
        wake("payments.sweep")
        return answer


class CancelIntentView(IdempotentAPIView):
    """Let a payment go."""

    required_scope = SCOPE

    @extend_schema(operation_id="payment_intents_cancel", request=EmptySerializer, responses=schemas.IntentSchema)
    def post(self, request: Request, intent_id: str) -> HttpResponse:
        """Cancel: at once where no PSP holds money, otherwise as soon as the PSP has let go of it. An event tells."""
        validated(EmptySerializer, request)
        client = caller(request)
        answer = self.respond(
            request,
            self.in_one_transaction(
                lambda now: json_response(200, client_verbs.cancel_intent(client=client, intent_id=intent_id, now=now))
            ),
        )
        wake("payments.sweep")
        return answer


class CaptureListView(GenericAPIView[Any]):
    """Captures."""

    required_scope = SCOPE
    pagination_class = NewestFirst
    serializer_class = schemas.CaptureSchema

    @extend_schema(operation_id="captures_list", responses=schemas.CaptureSchema(many=True))
    def get(self, request: Request) -> Response:
        """List the client's captures, the newest first."""
        page = self.paginate_queryset(queries.captures(client=caller(request))) or []
        return self.get_paginated_response([capture_body(capture) for capture in page])


class CaptureView(APIView):
    """One capture."""

    required_scope = SCOPE

    @extend_schema(operation_id="captures_read", responses=schemas.CaptureSchema)
    def get(self, request: Request, capture_id: str) -> Response:
        """Read a capture."""
        return Response(queries.capture_for_client(capture_id=capture_id, client=caller(request)))


class RefundListView(IdempotentAPIView, GenericAPIView[Any]):
    """Refunds."""

    required_scope = SCOPE
    pagination_class = NewestFirst
    serializer_class = schemas.RefundSchema

    @extend_schema(operation_id="refunds_list", responses=schemas.RefundSchema(many=True))
    def get(self, request: Request) -> Response:
        """List the client's refunds, the newest first."""
        page = self.paginate_queryset(queries.refunds(client=caller(request))) or []
        return self.get_paginated_response([refund_body(refund) for refund in page])

    @extend_schema(
        operation_id="refunds_create", request=serializers.RefundSerializer, responses={201: schemas.RefundSchema}
    )
    def post(self, request: Request) -> HttpResponse:
        """Promise a captured payment back, or part of it; there is no refund without a payment.

        A sum is shared out over what is left of the payment's parts, where it has any.
        The refund is pending until the PSP has answered: an event tells.
        """
        body = validated(serializers.RefundSerializer, request)
        told, parts = body.validated_data, body.wanted()
        client = caller(request)

        def work(now: datetime) -> StoredResponse:
            body = client_verbs.refund_intent(
                client=client,
                intent_id=told["payment_intent"],
                amount_minor=told.get("amount_minor"),
                parts=parts,
                reason=told["reason"],
                now=now,
            )
            return json_response(201, body, location=reverse("refund", args=[body["id"]]))

        answer = self.respond(request, self.in_one_transaction(work))
        wake("payments.sweep")
        return answer


class RefundView(APIView):
    """One refund."""

    required_scope = SCOPE

    @extend_schema(operation_id="refunds_read", responses=schemas.RefundSchema)
    def get(self, request: Request, refund_id: str) -> Response:
        """Read a refund."""
        return Response(queries.refund_for_client(refund_id=refund_id, client=caller(request)))
