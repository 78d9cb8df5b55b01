"""Which taxes are taken on shipping, and where. Those on goods come with their prices (price_lines.py)."""

from datetime import datetime

from django.db.models import Q

from checkout.models import TaxRate
from checkout.models.validity import valid_at
from checkout.places import Place
from checkout.pricing.basket import TaxRate as Rate


def rates_of(*, category_id: int, place: Place, now: datetime) -> tuple[Rate, ...]:
    """Return the rates of a tax category at a place: its country's first, then its region's."""
    if not place.country:
        return ()
    here = Q(region="") | Q(region__iexact=place.region)
    rows = TaxRate.objects.filter(valid_at(now), here, category=category_id, country=place.country)
    return tuple(Rate(row.jurisdiction, row.percent, row.inclusive) for row in rows.order_by("region", "jurisdiction"))
