"""Tell the buyer. Heard from the outbox, after the commit: an order never waits for a mail server."""

from django.core.mail import send_mail

from exactly_once.outbox import OutboxMessage
from ledger.money import Money


def confirm_order(message: OutboxMessage) -> None:
    """Mail the buyer a confirmation of the order."""
    order = message.payload
    total = Money(order["total_minor"], order["currency"])
    items = "\n".join(f"  {line['quantity']} x {line['sku']}" for line in order["line_items"])
    send_mail(
        subject=f"Your order {order['id']}",
        message=f"Thank you. We have received {total} for:\n{items}\n",
        from_email=None,
        recipient_list=[order["buyer_email"]],
    )
