"""Buying in the demo shop, in Chromium, at the whole running service."""

import re

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import TIMEOUT_MS, Visit, on_desk_and_phone
from tests.browser.visitor import (
    add,
    barriers,
    check_out,
    choose_tea,
    ordered,
    pay_with,
    session_of,
    total,
)
from tests.shop import Shop


def stock_of_tea(shop: Shop) -> int:
    """Return how many tins nobody has reserved."""
    (product,) = shop.get("products?sku=TEA-100")["data"]
    return int(product["variants"][0]["available"])


def look_around(visit: Visit, name: str) -> None:
    """Keep a picture, and see that the page fits the window and keeps nobody out."""
    visit.keep_screenshot(f"shop-{name}-{visit.page.viewport_size['width'] if visit.page.viewport_size else 0}")
    assert visit.overflow_px() == 0
    assert barriers(visit.page) == []


@on_desk_and_phone
def test_a_visitor_buys_and_the_shopkeeper_sees_the_order(visit: Visit, shop: Shop) -> None:
    # Given
    page, sign_in = visit.page, shop.stack.sign_in
    # When
    page.goto("/shop/")
    page.get_by_role("radio", name="red").check()
    page.get_by_role("button", name="Add Tea towel red to cart").click()
    page.get_by_role("status").get_by_role("link", name="To the cart").wait_for()
    look_around(visit, "catalog")
    page.get_by_role("link", name="To the cart").click()
    page.get_by_role("button", name="One Tea towel red more").click()
    expect(page.get_by_text("€23.80").first).to_be_visible()
    look_around(visit, "cart")
    page.get_by_role("link", name="To checkout").click()
    buyer = check_out(page)
    look_around(visit, "checkout")
    pay_with(page, "Visa")
    order = ordered(page, "28.70")
    look_around(visit, "order")
    # Then the API knows it
    known = shop.get(f"orders/{order}")
    assert (known["state"], known["buyer"]["email"]) == ("confirmed", buyer)
    assert [(line["sku"], line["quantity"]) for line in known["line_items"]] == [("TWL-RED", 2)]
    assert len(shop.charges_of(session_of(shop, order))) == 1
    # And a parcel that leaves is shown
    parcel = {"lines": [{"sku": "TWL-RED", "quantity": 1}], "carrier": "DHL", "tracking_number": "0034"}
    assert shop.post(f"orders/{order}/shipments", parcel).is_success
    page.reload()
    expect(page.locator("#shipments")).to_contain_text(re.compile("Parcel 1: 1 . TWL-RED · DHL 0034"))
    # And the cart is empty
    page.goto("/shop/cart/")
    expect(page.get_by_text("There is nothing in your cart yet.")).to_be_visible()
    # And the admin shows it
    page.goto("/admin/")
    page.get_by_label("Username").fill(sign_in.username)
    page.get_by_label("Password").fill(sign_in.password)
    page.get_by_role("button", name="Log in").click()
    page.goto(f"/admin/checkout/order/?q={order}")
    page.get_by_role("link", name=order).click()
    expect(page.get_by_text(buyer).first).to_be_visible()


def test_nobody_is_kept_out_in_the_dark(visit: Visit) -> None:
    page = visit.page
    page.emulate_media(color_scheme="dark")
    add(page, "Kettle, limited")
    look_around(visit, "catalog-dark")
    check_out(page)
    look_around(visit, "checkout-dark")


def test_the_price_follows_address_shipping_and_code(visit: Visit) -> None:
    # Given a teapot for EUR 54.00, with 19 % of German tax in it
    page = visit.page
    add(page, "Teapot")
    check_out(page)
    assert (total(page, "Shipping"), total(page, "Total")) == ("€4.90", "€58.90")
    # When
    page.get_by_role("radio", name="Express").check()
    page.get_by_label("Discount code").fill("tea10")
    page.get_by_role("button", name="Apply").click()
    # Then
    expect(page.locator("#totals .total")).to_contain_text("€60.50")
    assert total(page, "Discount: 10 % off")[1:] == "€5.40"
    assert total(page, "including tax 19 % (DE)") == "€9.66"
    # And in California taxes come on top
    page.get_by_label("Country").select_option("United States")
    page.get_by_label("State or region").fill("CA")
    page.get_by_label("City").fill("Los Angeles")
    page.get_by_label("Name").focus()
    expect(page.locator("#totals")).to_contain_text("(US-CA)")
    assert (total(page, "tax 6 % (US-CA)"), total(page, "Shipping")) == ("€2.92", "€14.90")
    # And a code that is none says so
    page.get_by_label("Discount code").fill("coffee")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("alert")).to_have_text("'coffee' is none of our codes.")


def test_what_is_missing_is_named_and_led_to(visit: Visit) -> None:
    page = visit.page
    choose_tea(page)
    page.get_by_label("E-mail").fill("nobody")
    page.get_by_label("City").fill("")
    pay_with(page, "Visa")

    expect(page.get_by_label("E-mail")).to_be_focused()
    expect(page.get_by_label("E-mail")).to_have_accessible_description("An e-mail address, such as ada@example.com.")
    expect(page.get_by_label("City")).to_have_accessible_description("Which city is it?")
    assert barriers(page) == []


def test_a_cart_is_kept_and_changed_by_keyboard(visit: Visit) -> None:
    # Given
    page = visit.page
    add(page, "Mug", "Honey")
    page.goto("/shop/cart/")
    more = page.get_by_role("button", name="One Mug more")
    # When
    more.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    # Then whoever is at the button stays there
    expect(page.get_by_role("spinbutton", name="Quantity of Mug")).to_have_value("3")
    expect(page.locator("#totals .total")).to_contain_text("€36.40")
    expect(more).to_be_focused()
    # And another visit finds the same
    page.get_by_role("button", name="Remove Honey").press("Enter")
    expect(page.locator("#totals .total")).to_contain_text("€28.50")
    page.goto("/shop/")
    expect(page.get_by_role("link", name="Cart 3")).to_be_visible()


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
    # Given a network that loses the first answer to each POST of a checkout
    page, lost = visit.page, dict[str, list[str]]()

    def lose_the_first(route: Route) -> None:
        if route.request.method != "POST":
            route.continue_()
            return
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
        return
    page.get_by_text("The payment was not confirmed. Nothing was charged.").wait_for()
    # And the cart is there for another try
    page.get_by_role("link", name="Back to checkout").click()
    page.get_by_role("button", name="Pay €17.80").wait_for()
