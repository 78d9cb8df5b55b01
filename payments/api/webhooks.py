"""Where PSPs call: verify the signature over the raw bytes, keep the event, answer, and only then wake a worker."""

from datetime import UTC, datetime

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from exactly_once import inbox
from exactly_once.api.bodies import read_at_most
from exactly_once.wake import wake
from payments.psp.registry import get_adapter

# Headers that help a person who reads the event later; the rest (addresses, tokens) is nobody's business.
KEPT_HEADERS = ("content-type", "user-agent", "stripe-signature")

# PSPs' events are some kilobytes; what is longer is no event, and is not worth checking a signature for.
MAX_BODY_BYTES = 256 * 1024


class WebhookView(APIView):
    """Take one event from a PSP."""

    authentication_classes = ()
    permission_classes = ()
    schema = None

    def post(self, request: Request, psp: str, account: str) -> Response:
        """Answer 200 once the event is committed, also where it had come before."""
        now = datetime.now(UTC)
        adapter = get_adapter(psp=psp, account=account)
        # The signature is over the bytes, so nothing may parse them first.
        body = read_at_most(request._request, limit_bytes=MAX_BODY_BYTES)  # noqa: SLF001 - DRF's stream is for parsers
        event_id = adapter.verify_webhook(headers=request.headers, body=body, now=now)
        received = inbox.receive(
            source=psp,
            account=account,
            event_id=event_id,
            headers={name: request.headers[name] for name in KEPT_HEADERS if name in request.headers},
            body=body,
            now=now,
        )
        if not received.duplicate:
            wake("exactly_once.process_inbox_event", received.id)
        return Response({"received": True})
