"""The admin's start page, in Chromium: charts and tables that fit any window, in the light and in the dark."""

import uuid

from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE, Visit
from tests.browser.test_unknown_outcomes import ANN, PEOPLE, run, sign_in
from tests.browser.visitor import barriers
from tests.shop import Shop


def test_the_start_page_shows_today_and_leads_to_what_is_open(visit: Visit, shop: Shop) -> None:
    # Given
    page = visit.page
    run(shop, PEOPLE)
    for token, status in (("pm_card_visa", 200), ("pm_tally_error500", 202)):
        assert shop.pay(shop.open_session(), token, key=str(uuid.uuid4())).status_code == status
    # When
    sign_in(page, ANN)
    # Then
    expect(page.get_by_role("heading", name="Money of the day")).to_be_visible()
    expect(page.get_by_role("img", name="Money moved today")).to_be_visible()
    expect(page.get_by_role("row", name="Taken by PSPs for us")).to_contain_text("EUR")
    expect(page.locator("canvas").first).to_be_visible()
    visit.keep_screenshot("start-desk")
    assert barriers(page, within=".cards") == []
    page.set_viewport_size(PHONE)
    page.wait_for_timeout(500)  # the charts follow the window
    assert visit.overflow_px() == 0
    visit.keep_screenshot("start-phone")
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(DESK)
    page.reload()  # the admin's pages look at it when they are opened
    expect(page.locator("html.dark")).to_have_count(1)
    visit.keep_screenshot("start-dark")
    # When
    page.get_by_role("link", name="Unknown outcomes").last.click()
    # Then
    expect(page).to_have_url(f"{visit.base_url}/admin/payments/unknownattempt/")
