"""The simulated PSPs' webhooks, taken into the inbox as the view does it, and given their effect."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from exactly_once import inbox
from exactly_once.models import InboxEvent
from payments.psp.registry import get_adapter
from tests.psp import Psp
from tests.waiting import eventually
from tests.webhook_endpoint import Endpoint

LATER = timedelta(minutes=1)


class Mail:
    """What the PSPs have sent so far, one PSP's at a time."""

    def __init__(self, psp: Psp, endpoint: Endpoint) -> None:
        self._psp = psp
        self._endpoint = endpoint

    def deliver(self, *, psp: str = "adyen", times: int = 1) -> int:
        """Process everything of one PSP that was sent, each so many times; return how many events that were."""
        eventually(lambda: self._psp.waiting() == 0, "the PSP has sent everything")
        path, adapter, now = f"/webhooks/{psp}/main", get_adapter(psp=psp, account="main"), datetime.now(UTC)
        sent = [(body, headers) for at, body, headers in self._endpoint.letters if at == path]
        for body, headers in sent * times:
            event_id = adapter.verify_webhook(headers=headers, body=body, now=now)
            received = inbox.receive(source=psp, account="main", event_id=event_id, headers={}, body=body, now=now)
            inbox.process(event_id=received.id, now=now + LATER)
        return len(sent)

    def unprocessed(self) -> list[str]:
        """Return what could not have its effect."""
        return list(InboxEvent.objects.exclude(state="processed").values_list("event_id", flat=True))


@contextmanager
def mail_of(psp: Psp) -> Iterator[Mail]:
    """Have the PSPs send their webhooks to a test."""
    endpoint = Endpoint()
    psp.http.post("/_simulator/webhooks", json={"mode": "live", "base": endpoint.url}).raise_for_status()
    try:
        yield Mail(psp, endpoint)
    finally:
        psp.http.post("/_simulator/webhooks", json={"mode": "live", "base": ""}).raise_for_status()
        endpoint.close()
