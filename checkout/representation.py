"""Sessions, orders and products as the JSON that clients see. Pure: rows in, dicts out.

Here and not in the API, because the transaction that commits an order also stores the response of the request that
asked for it, whichever racer runs it. checkout/api/schemas.py describes the same shapes to OpenAPI.
"""

from datetime import datetime

from django.urls import reverse

from checkout.models import CheckoutSession, Order, OrderLine, Product, SessionLine, Variant
from checkout.states import SessionState

type Json = dict[str, object]


def session_address(session_id: str) -> str:
    """Return where the API shows a session."""
    return reverse("checkout-session", args=[session_id])


def session_body(session: CheckoutSession, lines: list[SessionLine], order: Order | None = None) -> Json:
    """Describe a checkout session; with its order once it is completed."""
    body: Json = {
        "id": session.public_id,
        "object": "checkout_session",
        "state": str(session.state),
        "currency": session.currency,
        "line_items": [_line(line) for line in lines],
        "totals": _totals(session.total_minor),
        "buyer": {"email": session.buyer_email, "name": session.buyer_name},
        "shipping_address": session.shipping_address,
        "created_at": _time(session.created_at),
        "expires_at": _time(session.expires_at),
        "order": None if order is None else {"id": order.public_id, "state": str(order.state)},
        "next_action": None,
    }
    if session.state == SessionState.REQUIRES_ESCALATION:
        body["next_action"] = {"type": "redirect_to_url", "url": session.next_action_url}
    return body


def order_body(order: Order, lines: list[OrderLine]) -> Json:
    """Describe an order."""
    return {
        "id": order.public_id,
        "object": "order",
        "state": str(order.state),
        "checkout_session": order.session.public_id,
        "payment_intent": order.payment_intent,
        "currency": order.currency,
        "line_items": [_line(line) for line in lines],
        "totals": _totals(order.total_minor),
        "buyer": {"email": order.buyer_email, "name": order.buyer_name},
        "created_at": _time(order.created_at),
    }


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


def _line(line: SessionLine | OrderLine) -> Json:
    return {
        "sku": line.sku,
        "name": line.name,
        "quantity": line.quantity,
        "unit_amount_minor": line.unit_amount_minor,
        "total_minor": line.quantity * line.unit_amount_minor,
    }


def _totals(total_minor: int) -> list[Json]:
    return [{"type": "subtotal", "amount_minor": total_minor}, {"type": "total", "amount_minor": total_minor}]


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
