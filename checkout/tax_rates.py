"""Which taxes are taken where. Reads rows; changes nothing."""

from collections.abc import Mapping
from datetime import datetime

from django.db.models import Q

from checkout.models import TaxRate
from checkout.models.validity import valid_at
from checkout.places import Place
from checkout.pricing.basket import TaxRate as Rate


def rates_by_category(*, place: Place, now: datetime) -> Mapping[int, tuple[Rate, ...]]:
    """Return the rates of a place by the primary key of the tax category: its country's first, then its region's.

    A category that is not there is not taxed.
    """
    if not place.country:
        return {}
    rows = TaxRate.objects.filter(valid_at(now), Q(region="") | Q(region__iexact=place.region), country=place.country)
    found: dict[int, tuple[Rate, ...]] = {}
    for row in rows.order_by("region", "jurisdiction"):
        rate = Rate(row.jurisdiction, row.percent, row.inclusive)
        found[row.category_id] = (*found.get(row.category_id, ()), rate)
    return found
