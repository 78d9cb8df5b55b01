"""What a session or an order is paid for, in the words of payments: lines, shipping, the taxes on each. Pure."""

from collections.abc import Iterator, Sequence
from typing import Any

from checkout.models import CheckoutSession, Order, OrderLine, SessionLine
from ledger.money import Money
from payments.parts import Part, PartKind


def parts_of(*, session: CheckoutSession | Order, lines: Sequence[SessionLine] | Sequence[OrderLine]) -> list[Part]:
    """Return the parts, which add up to the total: each line and the shipping without tax, and each tax.

    A line is named by its SKU, the shipping ``shipping:`` and its option.
    """
    parts: list[Part] = []
    for line in lines:
        minor = line.subtotal_minor - line.discount_minor
        parts += _item(PartKind.LINE, line.sku, Money(minor, session.currency), line.taxes, line.quantity)
    if session.fulfillment_option:
        minor = session.fulfillment_minor - session.shipping_discount_minor
        name = f"shipping:{session.fulfillment_option}"
        parts += _item(PartKind.SHIPPING, name, Money(minor, session.currency), session.shipping_taxes, None)
    return parts


def _item(
    kind: PartKind, name: str, cost: Money, taxes: Sequence[dict[str, Any]], quantity: int | None
) -> Iterator[Part]:
    """Yield the item itself, without the taxes that its cost has in it, and each of its taxes."""
    included = sum(tax["amount_minor"] for tax in taxes if tax["inclusive"])
    yield Part(kind, name, cost - Money(included, cost.currency), quantity=quantity)
    for tax in taxes:
        yield Part(PartKind.TAX, name, Money(tax["amount_minor"], cost.currency), tax["jurisdiction"])
