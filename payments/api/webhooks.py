"""Where PSPs call: verify the signature over the raw bytes, keep the event, answer, and only then wake a worker."""

from datetime import UTC, datetime
from typing import NoReturn

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from rest_framework.request import Request
from rest_framework.views import APIView

from exactly_once import inbox
from exactly_once.api.bodies import read_at_most
from exactly_once.doorbell import doorbell
from payments.psp.registry import get_adapter

# Headers that help a person who reads the event later, beside its signature; the rest (addresses, tokens) is nobody's
# business.
KEPT_HEADERS = ("content-type", "user-agent")

# PSPs' events are some kilobytes; what is longer is no event, and is not worth checking a signature for.
MAX_BODY_BYTES = 256 * 1024


@csrf_exempt
def webhook(request: HttpRequest, psp: str, account: str) -> HttpResponseBase:
    """Take one event from a PSP: 200 once it is committed, also where it had come before.

    A plain view, because REST framework's part in a request costs a third of what keeping an event does (measured). It
    answers what is refused, and any other method than POST.
    """
    if request.method != "POST":
        return _Refused.as_view()(request)
    try:
        return _receive(request, psp, account)
    except Exception as error:  # noqa: BLE001 - REST framework logs what it does not know
        return _Refused.as_view(error=error)(request)


class _Refused(APIView):
    """Answers with a problem document."""

    authentication_classes = ()
    permission_classes = ()
    schema = None
    error: Exception | None = None

    def post(self, _request: Request) -> NoReturn:
        assert self.error is not None, "a POST comes here with what went wrong"
        raise self.error


def _receive(request: HttpRequest, psp: str, account: str) -> HttpResponse:
    now = datetime.now(UTC)
    adapter = get_adapter(psp=psp, account=account)
    # The signature is over the bytes, so nothing may parse them first.
    body = read_at_most(request, limit_bytes=MAX_BODY_BYTES)
    event_id = adapter.verify_webhook(headers=request.headers, body=body, now=now)
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
