"""Lists by keyset, over HTTP."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.api import Api
from tests.factories import ProductFactory

pytestmark = pytest.mark.django_db


def page(api: Api, url: str) -> tuple[list[str], str | None]:
    """Return the names on a page, and the address of the next one."""
    answer = api.get(url)
    assert answer.status_code == 200
    body: dict[str, Any] = json.loads(answer.content)
    assert list(body) == ["data", "next"]
    following = body["next"] and urlsplit(body["next"])._replace(scheme="", netloc="").geturl()
    return [product["name"] for product in body["data"]], following


def add(*names: str) -> None:
    for name in names:
        ProductFactory.create(name=name)


def test_pages_follow_each_other_to_the_end() -> None:
    # Given
    api = Api("checkout")
    add("a", "b", "c", "d", "e")
    # When
    first, second_url = page(api, "/api/v1/products?limit=2")
    second, third_url = page(api, second_url or "")
    third, nothing = page(api, third_url or "")
    # Then
    assert (first, second, third, nothing) == (["a", "b"], ["c", "d"], ["e"], None)


def test_what_comes_meanwhile_shifts_nothing() -> None:
    # Given
    api = Api("checkout")
    add("a", "b", "c")
    _, second_url = page(api, "/api/v1/products?limit=2")
    # When
    add("d")
    # Then
    assert page(api, second_url or "") == (["c", "d"], None)


def test_a_page_has_twenty_rows_unless_asked_otherwise() -> None:
    # Given
    api = Api("checkout")
    add(*(str(number) for number in range(101)))
    # Then
    assert len(page(api, "/api/v1/products")[0]) == 20
    assert len(page(api, "/api/v1/products?limit=100")[0]) == 100


def test_an_empty_list_is_a_page() -> None:
    assert page(Api("checkout"), "/api/v1/products") == ([], None)
