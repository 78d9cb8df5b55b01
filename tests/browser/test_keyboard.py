"""The admin without a mouse, and in the dark."""

import uuid

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visit
from tests.browser.test_unknown_outcomes import ANN, PEOPLE, run, sign_in
from tests.browser.visitor import barriers
from tests.shop import Shop

KEY = """
import django, sys; django.setup()
from datetime import UTC, datetime
from config.access.models import ApiKey
ApiKey.issue(name=sys.argv[1], client="cli_lost", scopes=["checkout"], now=datetime.now(UTC))
"""
REVOKED = "SELECT revoked_at IS NOT NULL FROM access_apikey WHERE name = %s"
MOST_STOPS = 120
RING = """() => {
    const style = getComputedStyle(document.activeElement);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
}"""
IN_THE_DARK = {
    "dispute": "payments/dispute/",
    "attempts": "payments/attempt/",
    "inbox": "exactly_once/inboxevent/",
    "dry-run": "payments/routingrule/dry-run/",
    "story": "story/",
    "audit-log": "staff/auditevent/",
    "upload": "payments/fileimport/upload/",
    "product": "checkout/product/add/",
}


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until it has the focus, and see that it shows."""
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            assert page.evaluate(RING)
            return
    raise AssertionError(f"the keyboard does not reach {wanted}")


def test_a_key_is_found_and_revoked_by_keyboard_alone(visit: Visit, shop: Shop) -> None:
    # Given
    page, name = visit.page, f"lost {uuid.uuid4()}"
    run(shop, PEOPLE)
    run(shop, KEY, name)
    sign_in(page, ANN)
    page.goto("/admin/access/apikey/")
    # When somebody goes past the sidebar, searches, and ticks what is found
    tab_to(page, page.get_by_role("link", name="Skip to the content"))
    visit.keep_screenshot("keyboard-skip")
    page.keyboard.press("Enter")
    page.keyboard.press("/")
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    expect(page.get_by_role("row").filter(has_text=name)).to_be_visible()
    tab_to(page, page.get_by_role("row").filter(has_text=name).get_by_role("checkbox"))
    page.keyboard.press("Space")
    action = page.locator("select[name=action]")
    tab_to(page, action)
    page.keyboard.type("Revoke")
    expect(action).to_have_value("revoke")
    visit.keep_screenshot("keyboard-action")
    tab_to(page, page.get_by_role("button", name="Run"))
    page.keyboard.press("Enter")
    # Then it is asked for, and nothing has happened
    expect(page.get_by_role("heading", name="1 of 1 revoked at once, and for ever")).to_be_visible()
    assert barriers(page, within=".confirm") == []
    assert shop.sql(REVOKED, [name]) == [(False,)]
    # When
    tab_to(page, page.get_by_role("button", name="Yes, do it to 1"))
    visit.keep_screenshot("keyboard-confirm")
    page.keyboard.press("Enter")
    # Then
    expect(page.get_by_text("1 revoked.")).to_be_visible()
    assert shop.sql(REVOKED, [name]) == [(True,)]


def test_pages_can_be_read_in_the_dark(visit: Visit, shop: Shop) -> None:
    page = visit.page
    run(shop, PEOPLE)
    page.emulate_media(color_scheme="dark")
    sign_in(page, ANN)
    for name, path in IN_THE_DARK.items():
        page.goto(f"/admin/{path}")
        expect(page.locator("html.dark")).to_have_count(1)
        visit.keep_screenshot(f"dark-{name}")
        assert visit.overflow_px() == 0, path


def test_a_form_opens_another_one_to_add_what_a_field_refers_to(visit: Visit, shop: Shop) -> None:
    page, code = visit.page, f"c{uuid.uuid4().hex[:8]}"
    run(shop, PEOPLE)
    sign_in(page, ANN)
    page.goto("/admin/checkout/product/add/")
    page.locator("#add_id_tax_category").evaluate("link => link.click()")  # in a menu beside the field
    form = page.frame_locator("iframe.related-modal-frame")
    form.get_by_label("Code").fill(code)
    form.get_by_label("Name").fill("Such things")
    visit.keep_screenshot("form-in-form")
    form.get_by_role("button", name="Save").first.click()
    expect(page.locator("#id_tax_category option:checked")).to_contain_text(code)
