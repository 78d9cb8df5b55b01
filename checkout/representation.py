"""Sessions and products as the JSON that clients see; orders: order_representation.py. Pure: rows in, dicts out.

Here and not in the API, because the transaction that commits an order also stores the response of the request that
asked for it, whichever racer runs it. checkout/api/schemas.py describes the same shapes to OpenAPI.
"""

from collections.abc import Sequence
from datetime import datetime

from django.urls import reverse

from checkout.messages import Message
from checkout.models import CartLine, CheckoutSession, Order, OrderLine, Product, SessionLine, Variant
from checkout.price_cart import PricedCart
from checkout.shipping_offers import Offer
from checkout.states import SessionState

type Json = dict[str, object]

TAX_RATE = ("jurisdiction", "percent", "inclusive")


def session_address(session_id: str) -> str:
    """Return where the API shows a session."""
    return reverse("checkout-session", args=[session_id])


def session_body(
    session: CheckoutSession,
    lines: Sequence[SessionLine],
    order: Order | None = None,
    *,
    priced: PricedCart | None = None,
    messages: Sequence[Message] = (),
) -> Json:
    """Describe a checkout session; with its order once it is completed.

    :param priced: its price as of now, while it is open: says how else it could be sent.
    :param messages: what there is to say.
    """
    body: Json = {
        "id": session.public_id,
        "object": "checkout_session",
        "state": str(session.state),
        "currency": session.currency,
        "line_items": [line_body(line) for line in lines],
        **whole_body(session, lines),
        "customer": session.customer,
        "buyer": {"email": session.buyer_email, "name": session.buyer_name},
        "shipping_address": session.shipping_address,
        "fulfillment_option_id": session.fulfillment_option or None,
        "fulfillment_options": [offer_body(offer) for offer in priced.offers] if priced else [],
        "messages": [message.as_json() for message in messages],
        "created_at": time_body(session.created_at),
        "expires_at": time_body(session.expires_at),
        "order": None if order is None else {"id": order.public_id, "state": str(order.state)},
        "next_action": None,
        "cart_id": session.cart.public_id if session.cart else None,
    }
    if session.state == SessionState.REQUIRES_ESCALATION:
        body["next_action"] = {"type": "redirect_to_url", "url": session.next_action_url}
    return body


def whole_body(priced: CheckoutSession | Order, lines: Sequence[SessionLine | OrderLine]) -> Json:
    """Describe what lines and shipping come to together."""
    return {
        "totals": totals(priced),
        "taxes": taxes_body(priced, lines),
        "discount_code": priced.discount_code,
        "discount": discount_body(priced),
    }


def totals(priced: CheckoutSession | Order) -> list[Json]:
    """Return what all comes to: ``subtotal - discount + fulfillment + tax = total``."""
    amounts = {
        "subtotal": priced.subtotal_minor,
        "discount": priced.discount_minor,
        "fulfillment": priced.fulfillment_minor,
        "tax": priced.tax_minor,
        "total": priced.total_minor,
    }
    return [{"type": name, "amount_minor": amount} for name, amount in amounts.items()]


def product_body(product: Product) -> Json:
    """Describe a product with its variants, their prices and how many are free. Needs its relations prefetched."""
    return {
        "id": product.public_id,
        "object": "product",
        "slug": product.slug,
        "name": product.name,
        "description": product.description,
        "active": product.active,
        "tax_category": product.tax_category.code,
        "images": [{"url": image.url, "alt": image.alt} for image in product.images.all()],
        "metadata": product.metadata,
        "variants": [_variant(variant) for variant in product.variants.all()],
    }


def _variant(variant: Variant) -> Json:
    return {
        "sku": variant.sku,
        "name": variant.name,
        "options": variant.options,
        "weight_grams": variant.weight_grams,
        "available": sum(item.on_hand - item.reserved for item in variant.stock.all()),
        "prices": [
            {
                "currency": price.currency,
                "unit_amount_minor": price.unit_amount_minor,
                "compare_at_minor": price.compare_at_minor,
            }
            for price in variant.prices.all()
        ],
    }


def line_body(line: SessionLine | OrderLine) -> Json:
    """Describe a line that has a price."""
    return {
        "sku": line.sku,
        "name": line.name,
        "quantity": line.quantity,
        "unit_amount_minor": line.unit_amount_minor,
        "subtotal_minor": line.subtotal_minor,
        "discount_minor": line.discount_minor,
        "taxes": line.taxes,
        "total_minor": line.total_minor,
    }


def unsold_line_body(line: CartLine) -> Json:
    """Describe a line of a cart that has no price, any more or in its currency."""
    amounts = ("unit_amount_minor", "subtotal_minor", "discount_minor", "total_minor")
    name = f"{line.variant.product.name} {line.variant.name}".strip()
    sku = {"sku": line.variant.sku, "name": name, "quantity": line.quantity}
    return sku | dict.fromkeys(amounts) | {"taxes": []}


def taxes_body(priced: CheckoutSession | Order, lines: Sequence[SessionLine | OrderLine]) -> list[Json]:
    """Add the taxes of lines and shipping up by their rate, in the order of their appearance."""
    sums: dict[tuple[object, ...], int] = {}
    for tax in (tax for taxes in (*(line.taxes for line in lines), priced.shipping_taxes) for tax in taxes):
        rate = (tax["jurisdiction"], tax["percent"], tax["inclusive"])
        sums[rate] = sums.get(rate, 0) + tax["amount_minor"]
    return [dict(zip((*TAX_RATE, "amount_minor"), (*rate, amount), strict=True)) for rate, amount in sums.items()]


def discount_body(priced: CheckoutSession | Order) -> Json | None:
    """Describe what a code has taken off."""
    if not priced.discount_title:
        return None
    return {"title": priced.discount_title, "amount_minor": priced.discount_minor}


def offer_body(offer: Offer) -> Json:
    """Describe a way of sending."""
    return {
        "id": offer.code,
        "name": offer.name,
        "description": offer.description,
        "amount_minor": offer.amount_minor,
    }


def time_body(moment: datetime) -> str:
    """Return a time as clients read it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
