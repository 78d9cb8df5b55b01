"""A small shop to try Tally with: four products, prices in two currencies, stock. Loading it twice changes nothing."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django_subatomic.db import transaction

from checkout.add_product import add_product
from checkout.models import Variant
from ledger.accounts import open_book


@dataclass(frozen=True, slots=True)
class Sample:
    """A product with one variant; ``prices`` in minor units by currency."""

    sku: str
    name: str
    description: str
    prices: dict[str, int]
    on_hand: int


SAMPLES = (
    Sample("TEA-100", "Darjeeling", "First flush, 100 g, in a tin.", {"EUR": 1290, "USD": 1390}, 500),
    Sample("MUG-WHT", "Mug", "White porcelain, 0.3 l.", {"EUR": 950, "USD": 1050}, 500),
    Sample("POT-IRN", "Teapot", "Cast iron, 0.8 l, with a sieve.", {"EUR": 5400, "USD": 5900}, 200),
    Sample("KTL-LTD", "Kettle, limited", "Copper, signed, only a few left.", {"EUR": 24900, "USD": 26900}, 25),
)


@transaction
def load_sample_shop(*, now: datetime) -> None:
    """Open the shop's book and put the sample products on the shelf, where they are not there yet."""
    open_book(code=settings.SHOP_BOOK, name="Sample shop", now=now)
    known = set(Variant.objects.values_list("sku", flat=True))
    for sample in SAMPLES:
        if sample.sku not in known:
            add_product(
                sku=sample.sku,
                name=sample.name,
                description=sample.description,
                prices=sample.prices,
                on_hand=sample.on_hand,
                reference="sample-shop",
                now=now,
            )
