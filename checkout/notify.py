"""Tell the buyer by mail. Heard from the outbox, after the commit: an order never waits for a mail server.

Each event is one mail of one handler. A crash between the mail server's yes and our note of it sends it once more: it
bears the same Message-ID then, by which mail programs know it again.
"""

from collections.abc import Sequence
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from opentelemetry.trace import SpanKind

from checkout import events
from checkout.models import Order, OrderLine
from exactly_once import tracing
from exactly_once.outbox import OutboxMessage, Subscriber
from ledger.money import Money
from payments.queries import pays_back_surplus


def confirm_order(message: OutboxMessage) -> None:
    """Mail that the order is there."""
    told = message.payload
    total = Money(told["total_minor"], told["currency"])
    subject = f"Your order {told['id']}"
    _send(message, told, template="confirmed", subject=subject, total=total, lines=told["line_items"])


def tell_shipped(message: OutboxMessage) -> None:
    """Mail what has left, and how it can be followed."""
    told = message.payload
    shipment, rest = told["shipment"], told["state"] == "processing"
    subject = (
        f"Your order {told['id']} is on its way" if not rest else f"A part of your order {told['id']} is on its way"
    )
    _send(
        message,
        told,
        template="shipped",
        subject=subject,
        shipment=shipment,
        lines=shipment["line_items"],
        rest_follows=rest,
    )


def tell_canceled(message: OutboxMessage) -> None:
    """Mail what will not be sent."""
    told = message.payload
    canceled, whole = told["cancellation"], told["state"] == "canceled"
    subject = f"Your order {told['id']} is canceled" if whole else f"A part of your order {told['id']} is canceled"
    _send(
        message,
        told,
        template="canceled",
        subject=subject,
        lines=canceled["line_items"],
        paid_back=canceled["refund"] is not None,
    )


def tell_returned(message: OutboxMessage) -> None:
    """Mail what came back."""
    told = message.payload
    returned = told["return"]
    subject = f"We have received your return of order {told['id']}"
    _send(
        message,
        told,
        template="returned",
        subject=subject,
        lines=returned["line_items"],
        paid_back=returned["refund"] is not None,
    )


def tell_refunded(message: OutboxMessage) -> None:
    """Mail that money is on its way back, if it is of an order."""
    told = message.payload
    order = Order.objects.filter(session__public_id=told["order_reference"]).values("public_id", "buyer_email").first()
    if order is None:
        return
    about = {"id": order["public_id"], "buyer_email": order["buyer_email"]}
    total = Money(told["amount_minor"], told["currency"])
    if pays_back_surplus(refund_id=told["id"]):
        # The order shows no such refund: it was paid by another charge.
        subject = f"A charge too many for your order {about['id']} is paid back"
        _send(message, about, template="surplus", subject=subject, total=total)
        return
    subject = f"A refund for your order {about['id']}"
    _send(message, about, template="refunded", subject=subject, total=total)


# Which event is told by whom, under the name that its marks are kept under.
SUBSCRIBERS: dict[str, tuple[str, Subscriber]] = {
    events.CONFIRMED: ("confirm_order", confirm_order),
    events.SHIPPED: ("tell_shipped", tell_shipped),
    events.CANCELED: ("tell_canceled", tell_canceled),
    events.RETURNED: ("tell_returned", tell_returned),
    "refund.succeeded": ("tell_refunded", tell_refunded),
}


def _send(message: OutboxMessage, order: dict[str, Any], *, template: str, subject: str, **context: Any) -> None:
    """Render the text and the page of one mail, and send it under an id that is the event's."""
    context |= {"order": order, "subject": subject, "lines": _named(order["id"], context.get("lines", ()))}
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    mail = EmailMultiAlternatives(
        subject=subject,
        body=render_to_string(f"checkout/mail/{template}.txt", context),
        to=[order["buyer_email"]],
        headers={"Message-ID": f"<{message.id}.{template}@{domain}>"},
    )
    mail.attach_alternative(render_to_string(f"checkout/mail/{template}.html", context), "text/html")
    with tracing.span(f"send mail {template}", kind=SpanKind.CLIENT):
        mail.send()


def _named(order_id: str, lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines with the names under which they were bought, where they lack them: buyers do not know SKUs.

    A first version of ``order.confirmed`` comes with SKUs for names (checkout/events.py).
    """
    if all(line.get("name", line["sku"]) != line["sku"] for line in lines):
        return [*lines]
    names = dict(OrderLine.objects.filter(order__public_id=order_id).values_list("sku", "name"))
    return [{**line, "name": names.get(line["sku"], line["sku"])} for line in lines]
