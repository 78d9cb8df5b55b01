"""Which ids a PSP's event speaks of: the PSP's own, and ours where it sends them back. Not here: what it does."""

from collections.abc import Iterator
from uuid import UUID

from payments.psp.news import CaptureEvent, DisputeEvent, Ignored, PaymentEvent, PayoutEvent, RefundEvent, WebhookEvent
from payments.psp.registry import get_adapter


def named_in(source: str, account: str, body: bytes) -> list[str]:
    """Return the ids in an event."""
    events = get_adapter(psp=source, account=account).parse_webhook(body=body)
    return [str(each) for event in events for each in _named(event) if each]


def _named(event: WebhookEvent) -> Iterator[str | UUID | None]:
    match event:
        case PaymentEvent(attempt_id, psp_reference):
            yield from (attempt_id, psp_reference)
        case CaptureEvent(ours, psp_reference, payment_reference) | RefundEvent(ours, psp_reference, payment_reference):
            yield from (ours, psp_reference, payment_reference)
        case DisputeEvent(psp_reference, payment_reference):
            yield from (psp_reference, payment_reference)
        case PayoutEvent(psp_reference):
            yield psp_reference
        case Ignored(about=about):
            yield from about
