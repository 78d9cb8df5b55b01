"""The checkout API: each view validates, calls one domain verb, and answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from checkout import queries
from checkout.api import schemas
from checkout.api.filters import SESSION_FILTERS, sessions_asked_for
from checkout.api.serializers import (
    ChangeSessionSerializer,
    CompleteSessionSerializer,
    CreateSessionOfCartSerializer,
    CreateSessionSerializer,
)
from checkout.cancel_session import cancel_session
from checkout.change_session import change_session
from checkout.complete_session import complete_session
from checkout.create_session import prepare_session
from checkout.create_session_of_cart import create_session_of_cart
from checkout.representation import Json, session_address
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
from exactly_once.api.serializers import EmptySerializer, validated
from exactly_once.keys import StoredResponse
from exactly_once.responses import json_response
from exactly_once.together import Write

NEW_SESSION = PolymorphicProxySerializer(
    component_name="NewSession",
    serializers=[CreateSessionSerializer, CreateSessionOfCartSerializer],
    resource_type_field_name=None,
)


class SessionListView(IdempotentAPIView, GenericAPIView[Any]):
    """Checkout sessions."""

    required_scope = "checkout"
    pagination_class = NewestFirst
    serializer_class = schemas.SessionSchema

    @extend_schema(
        operation_id="checkout_sessions_list",
        parameters=SESSION_FILTERS,
        responses=schemas.SessionSchema(many=True),
    )
    def get(self, request: Request) -> Response:
        """List the client's sessions, the newest first, as they were last stored: without `messages`."""
        page = self.paginate_queryset(sessions_asked_for(request.query_params, client=caller(request))) or []
        return self.get_paginated_response([queries.stored_session_body(session) for session in page])

    @extend_schema(
        operation_id="checkout_sessions_create",
        request=NEW_SESSION,
        responses={201: schemas.SessionSchema},
    )
    def post(self, request: Request) -> HttpResponse:
        """Open a checkout session, with lines or with a cart's. Nothing is reserved until it is completed."""
        create = _of_cart(request) if _names_a_cart(request.data) else _of_lines(request)

        def work(now: datetime) -> StoredResponse:
            body, writes = create(now)
            answer = json_response(201, body, location=session_address(str(body["id"])))
            return replace(answer, beside=tuple(writes))

        return self.respond(request, self.in_one_transaction(work))


def _names_a_cart(body: object) -> bool:
    return isinstance(body, Mapping) and "cart_id" in body


type _Create = Callable[[datetime], tuple[Json, Sequence[Write]]]


def _of_lines(request: Request) -> _Create:
    new = validated(CreateSessionSerializer, request).new()
    return lambda now: prepare_session(client=caller(request), new=new, now=now)


def _of_cart(request: Request) -> _Create:
    body = validated(CreateSessionOfCartSerializer, request)
    cart_id = body.validated_data["cart_id"]
    client, terms = caller(request), body.terms()
    return lambda now: (create_session_of_cart(client=client, cart_id=cart_id, terms=terms, now=now), ())


@conditional_get
class SessionView(APIView):
    """One checkout session."""

    required_scope = "checkout"

    @extend_schema(
        operation_id="checkout_sessions_read",
        parameters=[IF_NONE_MATCH],
        responses={200: schemas.SessionSchema, 304: NOT_MODIFIED},
    )
    def get(self, request: Request, session_id: str) -> Response:
        """Read a session."""
        now = datetime.now(UTC)
        return versioned(queries.session_for_client(session_id=session_id, client=caller(request), now=now))

    @extend_schema(
        operation_id="checkout_sessions_change",
        parameters=[IF_MATCH],
        request=ChangeSessionSerializer,
        responses=schemas.SessionSchema,
    )
    def patch(self, request: Request, session_id: str) -> Response:
        """Change the cart or the buyer while the session is open."""
        change = validated(ChangeSessionSerializer, request).change()
        return versioned(
            change_session(
                session_id=session_id,
                client=caller(request),
                change=change,
                now=datetime.now(UTC),
                expected=expected(request),
            )
        )


class CompleteSessionView(IdempotentAPIView):
    """Pay for a session."""

    required_scope = "checkout"

    @extend_schema(
        operation_id="checkout_sessions_complete",
        parameters=[IF_MATCH],
        request=CompleteSessionSerializer,
        responses={200: schemas.SessionSchema, 202: schemas.SessionSchema},
    )
    def post(self, request: Request, session_id: str) -> HttpResponse:
        """Pay. 200: completed, or `requires_escalation` with a `next_action`. 202: the PSP's outcome is unknown yet.

        After a 202, ask again under the same key in `Retry-After` seconds, or look at the session.
        """
        payment = validated(CompleteSessionSerializer, request).to_payment(expected(request))
        return self.respond(
            request,
            lambda keyed, now: complete_session(
                keyed=keyed, session_id=session_id, payment=payment, now=now, refuse=self.refuse
            ),
        )


class CancelSessionView(IdempotentAPIView):
    """Walk away from a session."""

    required_scope = "checkout"

    @extend_schema(
        operation_id="checkout_sessions_cancel",
        parameters=[IF_MATCH],
        request=EmptySerializer,
        responses=schemas.SessionSchema,
    )
    def post(self, request: Request, session_id: str) -> HttpResponse:
        """Cancel the session and release what it holds."""
        validated(EmptySerializer, request)
        client, seen = caller(request), expected(request)

        def work(now: datetime) -> StoredResponse:
            return json_response(200, cancel_session(session_id=session_id, client=client, now=now, expected=seen))

        return self.respond(request, self.in_one_transaction(work))
