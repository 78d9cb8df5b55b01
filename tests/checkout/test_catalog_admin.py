"""People edit the catalog in the admin; what the database would refuse is refused there in words."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from checkout.models import Price, Product, Variant
from tests.factories import TaxCategoryFactory, VariantFactory

pytestmark = [
    pytest.mark.django_db,
    # django-unfold's, not ours: it still serves older Djangos, too.
    pytest.mark.filterwarnings("ignore:Overriding get_action_choices"),
]


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("boss", password="correct horse battery"))
    return client


def formset(prefix: str, *rows: dict[str, object]) -> dict[str, object]:
    counts = {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": 0}
    return counts | {f"{prefix}-{number}-{name}": row[name] for number, row in enumerate(rows) for name in row}


def test_a_product_is_made_with_its_variants_and_pictures(browser: Client) -> None:
    form = {"name": "Mug", "slug": "mug", "tax_category": TaxCategoryFactory.create().pk, "metadata": "{}"}
    form |= {"late_payment_policy": "sell_again"}
    variants = formset(
        "variants",
        {"sku": "MUG-S", "options": '{"size": "S"}', "weight_grams": 300, "active": "on"},
        {"sku": "MUG-M", "options": '{"size": "M"}', "weight_grams": 400, "active": "on"},
    )
    images = formset("images", {"url": "/static/mug.svg", "alt": "A mug", "position": 0})

    answer = browser.post(reverse("admin:checkout_product_add"), {**form, **variants, **images, "active": "on"})

    assert answer.status_code == 302
    product = Product.objects.get()
    assert product.public_id.startswith("prod_")
    assert product.created_at is not None
    assert sorted(product.variants.values_list("sku", "weight_grams")) == [("MUG-M", 400), ("MUG-S", 300)]
    assert [image.url for image in product.images.all()] == ["/static/mug.svg"]
    made_at = product.created_at
    page = reverse("admin:checkout_product_change", args=[product.pk])
    assert browser.post(page, {**form, **formset("variants"), **formset("images"), "name": "Cup"}).status_code == 302
    product.refresh_from_db()
    assert (product.name, product.active, product.created_at) == ("Cup", False, made_at)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "has another price in this currency at that time"),
        ({"currency": "XAU"}, "has no minor unit"),
        ({"currency": "CHF", "compare_at_minor": 900}, "compare_at_minor is above the price"),
        (
            {"currency": "CHF", "valid_from_0": "2026-11-23", "valid_until_0": "2026-11-22"},
            "valid_until is after valid_from",
        ),
    ],
)
def test_a_price_that_the_database_would_refuse_is_refused_in_words(
    browser: Client, values: dict[str, object], said: str
) -> None:
    variant = VariantFactory.create()
    times = {"valid_from_1": "00:00", "valid_until_1": "00:00"} if "valid_from_0" in values else {}
    form = {"variant": variant.pk, "currency": "EUR", "unit_amount_minor": 900, **values, **times}

    page = browser.post(reverse("admin:checkout_price_add"), form).content.decode()

    assert said in page
    assert Price.objects.count() == 2


@pytest.mark.parametrize("url", ["http://img.example/1.svg", "javascript:alert(1)", "1.svg", "https://img.example/ 1"])
def test_a_picture_is_at_an_address_that_a_page_may_load(browser: Client, url: str) -> None:
    form = {"name": "Mug", "slug": "mug", "tax_category": TaxCategoryFactory.create().pk, "metadata": "{}"}
    form |= {"late_payment_policy": "sell_again"}
    images = formset("images", {"url": url, "position": 0})

    page = browser.post(reverse("admin:checkout_product_add"), {**form, **formset("variants"), **images})

    assert "An https:// address, or a path of this server." in page.content.decode()
    assert (Product.objects.count(), Variant.objects.count()) == (0, 0)
