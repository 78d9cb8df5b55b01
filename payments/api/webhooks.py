"""Where PSPs call: verify the signature over the raw bytes, keep the event, answer, and only then wake a worker."""

from datetime import UTC, datetime
from typing import NoReturn

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from exactly_once import inbox
from exactly_once.api.bodies import read_at_most
from exactly_once.doorbell import doorbell
from payments.errors import BadSignature
from payments.psp.base import PspAdapter
from payments.psp.registry import get_adapter, signature_headers

# Headers that help a person who reads the event later, beside its signature; the rest (addresses, tokens) is nobody's
# business.
KEPT_HEADERS = ("content-type", "user-agent")

# PSPs' events are some kilobytes; what is longer is no event, and is not worth checking a signature for.
MAX_BODY_BYTES = 256 * 1024

MAX_ID_CHARACTERS = 255  # of an event, in the inbox


@csrf_exempt
def webhook(request: HttpRequest, psp: str, account: str) -> HttpResponseBase:
    """Take one event from a PSP: 200 once it is committed, also where it had come before.

    A plain view, because REST framework's part in a request costs a third of what keeping an event does (measured). It
    answers what is refused, and any other method than POST.
    """
    if request.method != "POST":
        return WebhookView.as_view()(request)
    try:
        return _receive(request, psp, account)
    except Exception as error:  # noqa: BLE001 - REST framework logs what it does not know
        return WebhookView.as_view(error=error)(request)


class ReceivedSchema(serializers.Serializer[object]):
    """The event is kept."""

    received = serializers.BooleanField()


class WebhookView(APIView):
    """A PSP's webhook, as the API's description has it; answers with a problem document what is refused."""

    authentication_classes = ()
    permission_classes = ()
    error: Exception | None = None

    @extend_schema(
        operation_id="psp_webhooks_receive",
        parameters=[
            OpenApiParameter(name, str, "header", description="How this PSP signs the bytes of the body.")
            for name in signature_headers()
        ],
        request=OpenApiTypes.OBJECT,
        examples=[
            OpenApiExample(
                "An event", {"id": "evt_1", "type": "customer.created", "data": {"object": {}}}, request_only=True
            )
        ],
        responses=ReceivedSchema,
        auth=[],
    )
    def post(self, _request: Request) -> NoReturn:
        """Take an event from a PSP: 200 once it is kept, also where it had come before."""
        assert self.error is not None, "a POST comes here with what went wrong"
        raise self.error


def _receive(request: HttpRequest, psp: str, account: str) -> HttpResponse:
    now = datetime.now(UTC)
    adapter = get_adapter(psp=psp, account=account)
    # The signature is over the bytes, so nothing may parse them first.
    body = read_at_most(request, limit_bytes=MAX_BODY_BYTES)
    event_id = _verified(adapter, request, body, now)
    kept = (*KEPT_HEADERS, *adapter.signature_headers)
    received = inbox.receive(
        source=psp,
        account=account,
        event_id=event_id,
        headers={name: request.headers[name] for name in kept if name in request.headers},
        body=body,
        now=now,
    )
    if not received.duplicate:
        doorbell.ring(received.id)
    return HttpResponse(b'{"received":true}', content_type="application/json")


def _verified(adapter: PspAdapter, request: HttpRequest, body: bytes, now: datetime) -> str:
    """Return the event's id, if the signature is right, and the id one that can be kept."""
    try:
        event_id = adapter.verify_webhook(headers=request.headers, body=body, now=now)
    except RecursionError as error:
        raise BadSignature(code="event_invalid", detail="The body is nested too deep.") from error
    if len(event_id) > MAX_ID_CHARACTERS or not event_id.isprintable():
        raise BadSignature(code="event_invalid", detail="The event's id is none.")
    return event_id
