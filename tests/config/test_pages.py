"""The start page and the shop page. That the shop sells is shown in a browser (tests/browser/)."""

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from pytest_django.fixtures import Settings

from config.environment import faults

STATIC = Path(__file__).resolve().parents[2] / "config" / "static" / "shop"
SHOP = ["/shop/", "/shop/cart/", "/shop/checkout/", "/shop/orders/chk_1/"]


def page(address: str) -> str:
    answer = Client().get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_start_page_leads_everywhere() -> None:
    start = page("/")

    assert {'href="/shop/"', 'href="/admin/"', 'href="/api/docs/"'} <= set(re.findall(r'href="[^"]*"', start))


@pytest.mark.parametrize("address", SHOP)
def test_a_shop_page_tells_its_script_the_key_and_the_currency(address: str, settings: Settings) -> None:
    settings.SHOP_API_KEY = 'sk_test_"quoted"'
    settings.SHOP_CURRENCY = "JPY"

    answer = Client().get(address)
    shop = answer.content.decode()

    assert 'data-api-key="sk_test_&quot;quoted&quot;"' in shop
    assert 'data-currency="JPY"' in shop
    assert 'data-products-url="/api/v1/products"' in shop
    assert 'data-carts-url="/api/v1/carts"' in shop
    assert 'data-sessions-url="/api/v1/checkout-sessions"' in shop
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize("address", SHOP)
def test_without_a_key_a_shop_page_says_how_to_make_one(address: str, settings: Settings) -> None:
    settings.SHOP_API_KEY = ""

    shop = page(address)

    assert "SHOP_API_KEY" in shop
    assert "create_api_key" in shop
    assert "<script" not in shop


def test_production_refuses_to_show_a_key() -> None:
    assert "SHOP_API_KEY must be not set: the shop page shows it to everybody." in faults({"SHOP_API_KEY": "sk_1"})


@pytest.mark.parametrize("address", ["/", *SHOP])
def test_pages_bring_all_that_they_need(address: str, settings: Settings) -> None:
    settings.SHOP_API_KEY = "sk_test"
    text = page(address)

    assert re.findall(r"https?:", text) == []
    assert re.findall(r"<style|<script(?![^>]*src=)| style=| on[a-z]+=", text) == []
    for name in re.findall(r'"/static/([^"]+)"', text):
        assert finders.find(name), name


def test_scripts_import_only_each_other() -> None:
    for path in STATIC.glob("*.js"):
        for name in re.findall(r'from "([^"]+)"', path.read_text()):
            assert (STATIC / name).is_file(), f"{path.name}: {name}"


@pytest.mark.parametrize("address", ["/", *SHOP])
def test_pages_only_answer_reading(address: str) -> None:
    assert Client().post(address).status_code == 405
