"""A visitor of the demo shop: what they do on its pages, and what the API knows of it."""

import re
import uuid
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.shop import Shop

ORDER = re.compile(r"Order (ord_[a-v0-9]{26}), €([0-9.]+)\.$")
TEA = "Darjeeling"


def add(page: Page, *products: str) -> None:
    """Open the catalog and put one of each into the cart."""
    page.goto("/shop/")
    for product in products:
        page.get_by_role("button", name=f"Add {product} to cart").click()
        page.get_by_role("status").filter(has_text=f"{product} is in your cart").wait_for()


def check_out(page: Page, email: str | None = None) -> str:
    """Go to checkout, and return the e-mail of the buyer: one of their own, unless one is given."""
    page.goto("/shop/checkout/")
    page.get_by_role("button", name=re.compile("^Pay .")).wait_for()
    buyer = email or f"grace-{uuid.uuid4()}@example.com"
    page.get_by_label("E-mail").fill(buyer)
    return buyer


def choose_tea(page: Page, email: str | None = None) -> str:
    """Do both for a tin of tea."""
    add(page, TEA)
    return check_out(page, email)


def pay_with(page: Page, card: str) -> None:
    """Pay by one of the test cards."""
    page.get_by_role("radio", name=card).check()
    page.get_by_role("button", name=re.compile("^Pay")).click()


def ordered(page: Page, costs: str = "17.80") -> str:
    """Wait for the thanks, and return the order's id. Tea costs 12.90, and to be sent 4.90."""
    thanks = page.get_by_role("status").filter(has_text=ORDER)
    thanks.wait_for()
    found = ORDER.search(thanks.inner_text().strip())
    assert found
    assert found[2] == costs
    return found[1]


def total(page: Page, term: str) -> str:
    """Return what stands beside a term of the totals."""
    row = page.locator("#totals div").filter(has=page.locator("dt", has_text=re.compile(f"^{re.escape(term)}")))
    return row.locator("dd").inner_text()


def session_of(shop: Shop, order: str) -> dict[str, Any]:
    """Return the session of an order."""
    return {"id": shop.get(f"orders/{order}")["checkout_session"]}


def barriers(page: Page, *, within: str | None = None) -> list[tuple[str, list[str]]]:
    """Return what axe-core finds that keeps people out of the page, or a part of it: its rule, and the elements."""
    found = Axe().run(page, context=within).response["violations"]
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]
