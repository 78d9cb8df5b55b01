"""How a cart can be sent, and what that costs. Reads rows; changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from checkout.models import ShippingOption, ShippingPrice
from checkout.places import Place


@dataclass(frozen=True, slots=True)
class Offer:
    """A shipping option at its price for one cart, in minor units."""

    code: str
    name: str
    description: str
    amount_minor: int
    category_id: int


def offers(*, place: Place, weight_grams: int, currency: str) -> Sequence[Offer]:
    """Return the options that send this weight there, priced in this currency, in the shop's order.

    Of an option's prices that fit, the one for the narrowest place counts.
    """
    fitting = ShippingPrice.objects.filter(
        Q(weight_until_grams=None) | Q(weight_until_grams__gt=weight_grams),
        Q(region="") | Q(region__iexact=place.region),
        option__active=True,
        country__in=["", place.country],
        currency=currency,
        weight_from_grams__lte=weight_grams,
    )
    # Empty sorts first: of several, the last one that is written into the dict is the narrowest.
    rows = fitting.select_related("option").order_by("option__position", "option__pk", "country", "region")
    narrowest = {row.option.code: row for row in rows}
    return [
        Offer(row.option.code, row.option.name, row.option.description, row.amount_minor, row.option.tax_category_id)
        for row in narrowest.values()
    ]


def anything_is_sent() -> bool:
    """Whether the shop has shipping options at all; one that has none charges nothing for it."""
    return ShippingOption.objects.filter(active=True).exists()
