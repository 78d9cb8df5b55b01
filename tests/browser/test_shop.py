"""Buying on the shop page, in Chromium, at the whole running service."""

import re
import uuid
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import TIMEOUT_MS, Visit, on_desk_and_phone
from tests.shop import Shop

ORDER = re.compile(r"Order (ord_[a-v0-9]{26}), €12\.90")


def choose_tea(page: Page, email: str | None = None) -> str:
    """Fill the cart, and return the e-mail of the buyer: one of their own, unless one is given."""
    page.goto("/shop/")
    page.get_by_role("button", name="One Darjeeling more").click()
    buyer = email or f"grace-{uuid.uuid4()}@example.com"
    page.get_by_label("E-mail").fill(buyer)
    return buyer


def pay_with(page: Page, card: str) -> None:
    page.get_by_role("radio", name=card).check()
    page.get_by_role("button", name=re.compile("^Pay")).click()


def ordered(page: Page) -> str:
    """Wait for the thanks, and return the order's id."""
    thanks = page.get_by_role("status").filter(has_text=ORDER)
    thanks.wait_for()
    found = ORDER.search(thanks.inner_text())
    assert found
    return found[1]


def stock_of_tea(shop: Shop) -> tuple[int, int]:
    """Return what is on hand and what is reserved."""
    query = (
        "SELECT on_hand, reserved FROM checkout_stockitem s JOIN checkout_variant v ON v.id = variant_id WHERE sku = %s"
    )
    (row,) = shop.sql(query, ["TEA-100"])
    return row[0], row[1]


def session_of(shop: Shop, order: str) -> dict[str, Any]:
    return {"id": shop.get(f"orders/{order}")["checkout_session"]}


@on_desk_and_phone
def test_a_visitor_buys_and_the_shopkeeper_sees_the_order(visit: Visit, shop: Shop) -> None:
    # Given
    page, sign_in = visit.page, shop.stack.sign_in
    # When
    buyer = choose_tea(page)
    pay_with(page, "Visa")
    order = ordered(page)
    # Then the API knows it
    known = shop.get(f"orders/{order}")
    assert (known["state"], known["buyer"]["email"]) == ("confirmed", buyer)
    assert len(shop.charges_of(session_of(shop, order))) == 1
    # And the admin shows it
    page.goto("/admin/")
    page.get_by_label("Username").fill(sign_in.username)
    page.get_by_label("Password").fill(sign_in.password)
    page.get_by_role("button", name="Log in").click()
    page.goto(f"/admin/checkout/order/?q={order}")
    page.get_by_role("link", name=order).click()
    expect(page.get_by_text(buyer).first).to_be_visible()


def test_a_declined_card_says_why_and_another_one_pays(visit: Visit, shop: Shop) -> None:
    # Given
    page = visit.page
    choose_tea(page)
    before = stock_of_tea(shop)
    # When
    pay_with(page, "Insufficient funds")
    # Then
    expect(page.get_by_role("status").filter(has_text="insufficient funds")).to_be_visible(timeout=TIMEOUT_MS)
    assert stock_of_tea(shop) == before
    # And with another card
    pay_with(page, "Visa")
    assert len(shop.charges_of(session_of(shop, ordered(page)))) == 1


def test_the_same_purchase_again_is_made_only_where_the_visitor_means_it(visit: Visit, shop: Shop) -> None:
    # Given
    page = visit.page
    buyer = choose_tea(page)
    pay_with(page, "Visa")
    first = ordered(page)
    # When
    choose_tea(page, buyer)
    pay_with(page, "Visa")
    # Then nothing is bought before the visitor has said so
    expect(page.get_by_role("status").filter(has_text="You have just bought the same")).to_be_visible(
        timeout=TIMEOUT_MS
    )
    assert shop.sql("SELECT count(*) FROM checkout_order WHERE buyer_email = %s", [buyer]) == [(1,)]
    page.get_by_role("button", name="Buy it again").click()
    assert ordered(page) != first
    assert shop.sql("SELECT count(*) FROM checkout_order WHERE buyer_email = %s", [buyer]) == [(2,)]


def test_a_reply_that_the_psp_loses_costs_the_visitor_time_only(visit: Visit, shop: Shop) -> None:
    # Given
    page = visit.page
    choose_tea(page)
    # When
    pay_with(page, "reply is lost")
    # Then
    order = ordered(page)
    assert len(shop.charges_of(session_of(shop, order))) == 1
    assert shop.orders_of(session_of(shop, order)) == 1


def test_an_answer_that_the_network_loses_is_asked_for_again(visit: Visit, shop: Shop) -> None:
    # Given a network that loses the first answer to each POST
    page, lost = visit.page, dict[str, list[str]]()

    def lose_the_first(route: Route) -> None:
        keys = lost.setdefault(route.request.url, [])
        keys.append(route.request.headers.get("idempotency-key", ""))
        if len(keys) > 1:
            route.continue_()
            return
        route.fetch()
        route.abort("connectionreset")

    page.route(lambda url: "/api/v1/checkout-sessions" in url, lose_the_first)
    choose_tea(page)
    # When
    pay_with(page, "Visa")
    # Then
    order = ordered(page)
    assert [len(keys) for keys in lost.values()] == [2, 2]
    assert all(first == second for first, second in lost.values())
    assert len(shop.charges_of(session_of(shop, order))) == 1


@pytest.mark.parametrize(("answer", "charges"), [("Approve", 1), ("Fail", 0)])
def test_the_page_waits_for_what_the_buyer_tells_the_bank(visit: Visit, shop: Shop, answer: str, charges: int) -> None:
    # Given
    page = visit.page
    choose_tea(page)
    pay_with(page, "3-D Secure")
    # When
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Go to the bank").click()
    opened.value.get_by_role("button", name=answer).click()
    # Then
    if charges:
        assert len(shop.charges_of(session_of(shop, ordered(page)))) == 1
    else:
        page.get_by_text("The payment was not confirmed. Nothing was charged.").wait_for()
