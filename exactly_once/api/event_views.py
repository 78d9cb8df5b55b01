"""The entrance for events of any producer, and what it knows about its sources.

An event takes no Idempotency-Key: its own key is that, and an answer that is asked for again says *duplicate*.
"""

from datetime import UTC, datetime
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from exactly_once import entrance, event_sources
from exactly_once.api import event_serializers as shapes
from exactly_once.api.event_bodies import EventBatchParser, EventParser, sent_events
from exactly_once.api.idempotency import caller
from exactly_once.api.pagination import KeysetPagination
from exactly_once.doorbell import doorbell
from exactly_once.entrance import Taken
from exactly_once.errors import InvalidInput, Refused
from exactly_once.event_sources import Source

_EVENT = OpenApiExample("An event", {"id": "evt_1", "type": "parcel.delivered", "parcel": "prc_7"}, request_only=True)
_ACCEPTED = OpenApiExample(
    "New", {"result": "accepted", "key": "evt_1", "errors": []}, response_only=True, status_codes=["202"]
)
_DUPLICATE = OpenApiExample(
    "Known", {"result": "duplicate", "key": "evt_1", "errors": []}, response_only=True, status_codes=["200"]
)
_BATCH = OpenApiExample(
    "Three events",
    {"events": [{"id": "evt_1", "parcel": "prc_7"}, {"id": "evt_1", "parcel": "prc_7"}, {"parcel": "prc_8"}]},
    request_only=True,
)
_BATCH_RESULT = OpenApiExample(
    "One is new, one is the same again, one has no id",
    {
        "accepted": 1,
        "duplicates": 1,
        "conflicts": 0,
        "invalid": 1,
        "results": [
            {"result": "accepted", "key": "evt_1", "errors": []},
            {"result": "duplicate", "key": "evt_1", "errors": []},
            {
                "result": "invalid",
                "key": None,
                "errors": [
                    {
                        "pointer": "/id",
                        "code": "required",
                        "detail": "This field is part of the event's key, and is missing.",
                    }
                ],
            },
        ],
    },
    response_only=True,
)


class EventView(APIView):
    """One event."""

    required_scope = "events:write"
    parser_classes = (EventParser,)

    @extend_schema(
        operation_id="events_send",
        request=OpenApiTypes.OBJECT,
        responses={202: shapes.EventResultSerializer, 200: shapes.EventResultSerializer},
        examples=[_EVENT, _ACCEPTED, _DUPLICATE],
    )
    def post(self, request: Request, source: str) -> Response:
        """Send an event: 202 where it is new, 200 where it is known, 409 where another one has its key.

        Takes no Idempotency-Key: the event's own key is the one, and the source says where that is. Send the event
        again when no answer reaches you.
        """
        [taken] = _take_in(request, event_sources.open_source(name=source), batch=False)
        if taken.result == "invalid":
            raise InvalidInput(code="invalid_input", detail="The event breaks a rule; see errors.", fields=taken.errors)
        if taken.result == "conflict":
            raise Refused(
                code="event_conflict",
                detail="Another event has this key. It stays as it is; this one was not kept.",
                extra={"key": taken.key},
            )
        return Response(_shown(taken), status=202 if taken.result == "accepted" else 200)


class EventBatchView(APIView):
    """Many events at once."""

    required_scope = "events:write"
    parser_classes = (EventBatchParser,)

    @extend_schema(
        operation_id="events_send_batch",
        request=shapes.EventBatchBody,
        responses={200: shapes.EventBatchResultSerializer},
        examples=[_BATCH, _BATCH_RESULT],
    )
    def post(self, request: Request, source: str) -> Response:
        """Send 1 to 1,000 events in one commit; each has a result of its own, and none keeps out another.

        Takes no Idempotency-Key: each event's own key is the one. Send the batch again, or another one with the same
        events, when no answer reaches you.
        """
        taken = _take_in(request, event_sources.open_source(name=source), batch=True)
        number_of = entrance.counts(taken=taken)
        return Response(
            {
                "accepted": number_of["accepted"],
                "duplicates": number_of["duplicate"],
                "conflicts": number_of["conflict"],
                "invalid": number_of["invalid"],
                "results": [_shown(one) for one in taken],
            }
        )


class SourceListView(GenericAPIView[Any]):
    """Event sources."""

    required_scope = "events:read"
    pagination_class = KeysetPagination
    serializer_class = shapes.EventSourceSerializer

    @extend_schema(operation_id="event_sources_list", responses=shapes.EventSourceSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List the sources, with how many events this client sent to each."""
        page = self.paginate_queryset(event_sources.with_counts(account=caller(request))) or []
        return self.get_paginated_response(shapes.EventSourceSerializer(page, many=True).data)


class SourceView(APIView):
    """One event source."""

    required_scope = "events:read"

    @extend_schema(operation_id="event_sources_read", responses=shapes.EventSourceSerializer)
    def get(self, request: Request, source: str) -> Response:
        """Read a source, with how many events this client sent to it."""
        row = event_sources.source(name=source, rows=event_sources.with_counts(account=caller(request)))
        return Response(shapes.EventSourceSerializer(row).data)


def _take_in(request: Request, source: Source, *, batch: bool) -> list[Taken]:
    sent = sent_events(request, batch=batch)
    taken = entrance.take_in(
        source=source,
        account=caller(request),
        events=sent.events,
        canonical=sent.canonical,
        now=datetime.now(UTC),
    )
    if source.has_handler:
        for one in taken:
            if one.result == "accepted" and one.inbox_id is not None:
                doorbell.ring(one.inbox_id)
    return taken


def _shown(taken: Taken) -> dict[str, Any]:
    errors = [{"pointer": one.pointer, "code": one.code, "detail": one.detail} for one in taken.errors]
    return {"result": taken.result, "key": taken.key, "errors": errors}
