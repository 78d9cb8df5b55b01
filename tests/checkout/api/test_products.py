"""GET /api/v1/products: what is listed, how it is narrowed, and what is said of one."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from checkout import queries
from checkout.models import Price, Product, Variant
from tests.api import Api, problem
from tests.factories import ProductFactory, VariantFactory

pytestmark = pytest.mark.django_db

PRODUCTS = "/api/v1/products"


@pytest.fixture
def api() -> Api:
    return Api("checkout")


def stock(name: str, description: str = "", **more: Any) -> Product:
    product = ProductFactory.create(name=name, description=description, **more)
    VariantFactory.create(product=product, sku=name.upper().replace(" ", "-"))
    return product


def names(api: Api, query: str = "") -> list[str]:
    answer = api.get(f"{PRODUCTS}{query}")
    assert answer.status_code == 200, answer.content
    return [product["name"] for product in json.loads(answer.content)["data"]]


def test_a_product_is_described_with_what_is_for_sale_of_it(api: Api) -> None:
    # Given a product with a picture, a variant on sale and one that is not for sale
    product = stock("Mug", "White porcelain.", metadata={"shelf": "7"})
    product.images.create(url="https://img.example/2.svg", position=2)
    product.images.create(url="/static/1.svg", alt="A mug", position=1)
    mug = product.variants.get()
    Variant.objects.filter(pk=mug.pk).update(options={"size": "M"}, weight_grams=350)
    VariantFactory.create(product=product, sku="OLD", options={"size": "S"}, active=False)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    mug.prices.filter(currency="EUR").update(compare_at_minor=1500)
    mug.prices.filter(currency="USD").update(valid_until=yesterday)
    # When
    body = json.loads(api.get(f"{PRODUCTS}/{product.public_id}").content)
    # Then
    assert body == {
        "id": product.public_id,
        "object": "product",
        "slug": product.slug,
        "name": "Mug",
        "description": "White porcelain.",
        "active": True,
        "tax_category": "general",
        "images": [{"url": "/static/1.svg", "alt": "A mug"}, {"url": "https://img.example/2.svg", "alt": ""}],
        "metadata": {"shelf": "7"},
        "variants": [
            {
                "sku": "MUG",
                "name": "",
                "options": {"size": "M"},
                "weight_grams": 350,
                "available": 10,
                "prices": [{"currency": "EUR", "unit_amount_minor": 1290, "compare_at_minor": 1500}],
            }
        ],
    }


def test_the_price_of_now_is_shown(api: Api) -> None:
    mug = stock("Mug").variants.get()
    now = datetime.now(UTC)
    mug.prices.filter(currency="EUR").update(valid_until=now - timedelta(hours=1))
    Price.objects.create(
        variant=mug, currency="EUR", unit_amount_minor=990, valid_from=now - timedelta(hours=1), valid_until=None
    )

    [product] = json.loads(api.get(PRODUCTS).content)["data"]

    assert [price["unit_amount_minor"] for price in product["variants"][0]["prices"]] == [990, 1390]


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("tea", ["Teapot", "Green Tea"]),
        ("TEAPOT", ["Teapot"]),
        ("iron cast", ["Teapot"]),
        ("iron green", []),
        ("grün", ["Green Tea"]),
        ("  ", ["Teapot", "Green Tea", "Mug"]),
        ("' | & !:*", ["Teapot", "Green Tea", "Mug"]),
        ("mug's (white)!", []),
        ("(white) & mug:*", ["Mug"]),
        (" ".join("m" * 100), ["Mug"]),
        ("eapot", []),
    ],
)
def test_all_words_or_their_beginnings_are_searched_for(api: Api, search: str, expected: list[str]) -> None:
    stock("Teapot", "Cast iron, 0.8 l")
    stock("Green Tea", "Grüner Tee")
    stock("Mug", "White porcelain")

    assert names(api, "?search=" + "".join(f"%{byte:02X}" for byte in search.encode())) == expected


def test_an_index_serves_the_search() -> None:
    found = queries.matching(Product.objects.all(), words=["tea", "green"])
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")

    assert "product_search" in found.explain()


def test_a_sku_finds_its_product(api: Api) -> None:
    stock("Teapot")
    stock("Mug")

    assert names(api, "?sku=MUG") == ["Mug"]
    assert names(api, "?sku=mug") == []


def test_only_what_is_for_sale_is_listed_unless_the_rest_is_asked_for(api: Api) -> None:
    stock("Mug")
    old = stock("Old mug", active=False)

    assert names(api) == names(api, "?active=true") == ["Mug"]
    assert names(api, "?active=false") == ["Old mug"]
    assert json.loads(api.get(f"{PRODUCTS}/{old.public_id}").content)["active"] is False


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [("active=yes", "/active", "unknown_choice"), (f"search={'x' * 201}", "/search", "max_length")],
)
def test_a_query_that_breaks_a_rule_is_refused_by_name(api: Api, query: str, pointer: str, code: str) -> None:
    refusal = problem(api.get(f"{PRODUCTS}?{query}"))

    assert (refusal["status"], refusal["code"]) == (400, "invalid_input")
    assert [(field["pointer"], field["code"]) for field in refusal["errors"]] == [(pointer, code)]


def test_pages_follow_each_other_and_keep_the_filter(api: Api) -> None:
    for number in range(5):
        stock(f"Tea {number}")
        stock(f"Mug {number}")

    found, address = [], f"{PRODUCTS}?search=tea&limit=2"
    while address:
        page = json.loads(api.get(address).content)
        found.append([product["name"] for product in page["data"]])
        address = page["next"]

    assert found == [["Tea 0", "Tea 1"], ["Tea 2", "Tea 3"], ["Tea 4"]]


def test_a_page_costs_the_same_queries_however_many_products_are_on_it(
    api: Api, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(7):
        stock(f"Tea {number}").images.create(url="/1.svg")
    api.get(PRODUCTS)

    # The key, the products, and their images, variants, prices and stock.
    with django_assert_num_queries(6):
        assert len(names(api)) == 7


@pytest.mark.parametrize("of_one", [False, True])
def test_what_has_not_changed_is_not_sent_again(api: Api, of_one: bool) -> None:
    product = stock("Mug")
    address = f"{PRODUCTS}/{product.public_id}" if of_one else PRODUCTS
    first = api.get(address)

    again = api.get(address, **{"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])

    product.variants.get().prices.filter(currency="EUR").update(unit_amount_minor=1)
    changed = api.get(address, **{"If-None-Match": first["ETag"]})
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]
