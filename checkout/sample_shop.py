"""A small shop to try Tally with: goods, taxes, ways of sending and a discount. Loading it twice changes nothing."""

from datetime import datetime

from django.conf import settings
from django.templatetags.static import static
from django.utils.text import slugify
from django_subatomic.db import transaction

from checkout.add_variant import NewVariant, add_variant
from checkout.models import (
    Discount,
    Product,
    ShippingOption,
    ShippingPrice,
    StockLocation,
    TaxCategory,
    TaxRate,
    Variant,
)
from checkout.receive_stock import receive
from checkout.sample_goods import (
    CATEGORIES,
    CODE,
    IN_STORE,
    LOCATIONS,
    MINIMA,
    OPTIONS,
    PERCENT,
    RATES,
    SAMPLES,
    SENDING,
    SHIPPING,
    STORE,
    TITLE,
    Sample,
)
from checkout.states import DiscountKind
from ledger.accounts import open_book


@transaction
def load_sample_shop(*, now: datetime) -> None:
    """Open the shop's book, put the sample goods on the shelf and say on which terms, where that is not there yet."""
    open_book(code=settings.SHOP_BOOK, name="Sample shop", now=now)
    for code, name in CATEGORIES.items():
        TaxCategory.objects.get_or_create(code=code, defaults={"name": name})
    for priority, (code, name) in enumerate(LOCATIONS.items()):
        StockLocation.objects.get_or_create(code=code, defaults={"name": name, "priority": priority})
    known = set(Variant.objects.values_list("sku", flat=True))
    for sample in SAMPLES:
        if sample.sku not in known:
            _stock(sample, now)
    # What people have changed or taken away since stays as it is.
    if not TaxRate.objects.exists():
        _tax()
    if not ShippingOption.objects.exists():
        _send()
    if not Discount.objects.exists():
        _discount()


def _stock(sample: Sample, now: datetime) -> None:
    product, is_new = Product.objects.get_or_create(
        slug=slugify(sample.name),
        defaults={
            "name": sample.name,
            "description": sample.description,
            "tax_category": TaxCategory.objects.get(code=sample.category),
            "created_at": now,
        },
    )
    if is_new:
        product.images.create(url=static(f"sample_shop/{sample.picture}.svg"), alt=sample.name)
    variant = NewVariant(
        sku=sample.sku,
        prices=sample.prices,
        on_hand=sample.on_hand,
        name=", ".join(sample.options.values()),
        options=sample.options,
        weight_grams=sample.weight_grams,
    )
    row = add_variant(product=product, variant=variant, reference="sample-shop", now=now)
    if in_store := IN_STORE.get(sample.sku):
        store = StockLocation.objects.get(code=STORE).pk
        receive(variant_id=row.pk, location_id=store, quantity=in_store, reference="sample-shop", now=now)


def _tax() -> None:
    categories = {category.code: category for category in TaxCategory.objects.all()}
    TaxRate.objects.bulk_create(
        TaxRate(
            jurisdiction=rate.jurisdiction,
            category=categories[rate.category],
            country=rate.country,
            region=rate.region,
            percent=rate.percent,
            inclusive=rate.inclusive,
        )
        for rate in RATES
    )


def _send() -> None:
    category = TaxCategory.objects.get(code=SENDING)
    options = {
        code: ShippingOption.objects.create(
            code=code, name=name, description=description, tax_category=category, position=position
        )
        for position, (code, name, description) in enumerate(OPTIONS)
    }
    reached: dict[tuple[str, str, str], int] = {}
    for code, country, currency, until, amount in SHIPPING:
        place = (code, country, currency)
        ShippingPrice.objects.create(
            option=options[code],
            country=country,
            currency=currency,
            weight_from_grams=reached.get(place, 0),
            weight_until_grams=until,
            amount_minor=amount,
        )
        reached[place] = until or 0


def _discount() -> None:
    discount = Discount.objects.create(code=CODE, title=TITLE, kind=DiscountKind.PERCENT, percent=PERCENT)
    for currency, minimum in MINIMA.items():
        discount.amounts.create(currency=currency, minimum_subtotal_minor=minimum)
