"""The other pages: they lead to each other, fit the window, and need nobody else's servers (see Visit)."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit, on_desk_and_phone
from tests.shop import Shop


@pytest.mark.parametrize(
    ("name", "title"),
    [("Shop", "Shop · Tally"), ("Admin", "Log in | Tally"), ("API", "Tally")],
    ids=["shop", "admin", "api"],
)
def test_the_start_page_leads_there(visit: Visit, name: str, title: str) -> None:
    # Given
    page = visit.page
    page.goto("/")
    # When
    page.get_by_role("navigation", name="Main").get_by_role("link", name=name).click()
    # Then
    expect(page).to_have_title(title)


def test_the_docs_page_shows_the_whole_api(visit: Visit, shop: Shop) -> None:
    # Given
    schema = shop.http.get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"}).json()
    # When
    visit.page.goto("/api/docs/")
    visit.page.get_by_text("/checkout-sessions/{session_id}/complete").first.wait_for()
    # Then
    shown = visit.page.locator(".opblock-summary-path").all_inner_texts()
    assert {path.replace("\u200b", "") for path in shown} == set(schema["paths"])


@on_desk_and_phone
@pytest.mark.parametrize("path", ["/", "/shop/", "/shop/cart/", "/shop/checkout/", "/nowhere", "/admin/login/"])
def test_a_page_fits_the_window(visit: Visit, path: str) -> None:
    # When
    visit.page.goto(path)
    visit.page.wait_for_load_state("networkidle")
    # Then
    assert visit.overflow_px() == 0
    assert visit.page.locator("h1").count() == 1
