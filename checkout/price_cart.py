"""What a cart costs as of now, and what there is to say about that. Reads rows; changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings

from checkout.discount_terms import Applied, apply_discount
from checkout.errors import UnableToPrice
from checkout.messages import Message
from checkout.places import Place, place_of
from checkout.price_lines import LineItem, PricedLine, price_lines
from checkout.pricing.basket import Basket, Line, Shipping, TaxRate
from checkout.pricing.breakdown import Breakdown
from checkout.pricing.price_basket import price_basket
from checkout.shipping_offers import Offer, anything_is_sent, offers
from checkout.tax_rates import rates_of
from exactly_once.errors import FieldError

# One order of a shop, not a wholesaler's year: keeps sums far inside bigint.
MAX_TOTAL_MINOR = 10**12


@dataclass(frozen=True, slots=True)
class Asked:
    """What decides a cart's price. ``option``: the chosen shipping option's code; ``redeemer``: see discount_terms."""

    currency: str
    items: Sequence[LineItem]
    address: Mapping[str, str] = field(default_factory=dict)
    option: str = ""
    discount_code: str = ""
    redeemer: str = ""


@dataclass(frozen=True, slots=True)
class PricedCart:
    """The price, line by line, with the ways it could be sent, the one that counts, and the discount that applies.

    ``unpriced``: why lines have no price; the others are priced without them.
    """

    lines: Sequence[PricedLine]
    breakdown: Breakdown
    offers: Sequence[Offer]
    chosen: Offer | None
    discount: Applied | None
    unpriced: Sequence[FieldError]
    messages: Sequence[Message]

    @property
    def payable(self) -> bool:
        """Whether nothing has to be mended before it can be paid."""
        return not self.unpriced and all(message.type != "error" for message in self.messages)

    def require_lines(self) -> None:
        """Refuse a cart that has lines without a price.

        :raises UnableToPrice: ``invalid_input``, with one entry per line.
        """
        if self.unpriced:
            raise UnableToPrice(code="invalid_input", detail="The cart cannot be priced.", fields=tuple(self.unpriced))


def price_cart(*, asked: Asked, now: datetime) -> PricedCart:
    """Price what is asked for.

    :raises UnableToPrice: ``total_too_large``: it comes to more than 10^12 minor units.
    """
    place = place_of(asked.address)
    lines, unpriced = price_lines(currency=asked.currency, items=asked.items, place=place, now=now)
    subtotal = sum(line.quantity * line.unit_amount_minor for line in lines)
    _check_size(subtotal)
    offered, chosen, about_shipping = _shipping(asked, lines)
    discount, about_discount = _discount(asked, subtotal, now)
    basket = Basket(
        currency=asked.currency,
        lines=[Line(line.quantity, line.unit_amount_minor, line.rates) for line in lines],
        shipping=Shipping(chosen.amount_minor, _rates(chosen, place, now)) if chosen else None,
        discount=discount.off if discount else None,
    )
    breakdown = price_basket(basket)
    _check_size(breakdown.totals.total)
    return PricedCart(lines, breakdown, offered, chosen, discount, unpriced, [*about_shipping, *about_discount])


def _rates(chosen: Offer, place: Place, now: datetime) -> tuple[TaxRate, ...]:
    return rates_of(category_id=chosen.category_id, place=place, now=now)


def _check_size(minor: int) -> None:
    if minor > MAX_TOTAL_MINOR:
        raise UnableToPrice(code="total_too_large", detail=f"A cart may come to at most {MAX_TOTAL_MINOR} minor units.")


def _shipping(asked: Asked, lines: Sequence[PricedLine]) -> tuple[Sequence[Offer], Offer | None, list[Message]]:
    """Return the offers, the one that is chosen (the first, unless told), and what to say about that."""
    weight = sum(line.weight_grams for line in lines)
    if weight == 0:
        return [], None, []
    if not asked.address:
        missing = Message("error", "/shipping_address", "shipping_address_required", "Where are the goods to be sent?")
        return [], None, [missing] if settings.SHOP_ADDRESS_REQUIRED else []
    if not asked.address.get("country"):
        return [], None, [Message("error", "/shipping_address/country", "country_required", "Which country is it?")]
    offered = offers(place=place_of(asked.address), weight_grams=weight, currency=asked.currency)
    if not offered:
        nowhere = Message("error", "/shipping_address", "cannot_be_shipped", "Nothing sends this cart to this address.")
        return [], None, [nowhere] if anything_is_sent() else []
    chosen = next((offer for offer in offered if offer.code == asked.option), None)
    if chosen is None and asked.option:
        told = Message(
            "warning",
            "/fulfillment_option_id",
            "option_unavailable",
            f"{asked.option!r} does not send this cart there; {offered[0].name} does.",
        )
        return offered, offered[0], [told]
    return offered, chosen or offered[0], []


def _discount(asked: Asked, subtotal: int, now: datetime) -> tuple[Applied | None, list[Message]]:
    if not asked.discount_code:
        return None, []
    found = apply_discount(
        code=asked.discount_code,
        currency=asked.currency,
        subtotal_minor=subtotal,
        redeemer=asked.redeemer,
        now=now,
    )
    return (found, []) if isinstance(found, Applied) else (None, [found])
