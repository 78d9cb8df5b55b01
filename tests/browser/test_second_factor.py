"""Somebody sets an authenticator app up, signs in with its code, is locked out, and is found in the audit log."""

import base64
import time
from collections.abc import Iterator

import pytest
from django_otp.oath import TOTP
from playwright.sync_api import Page, expect

from config.services.stack import BEAT_PROCESS, RELAY_PROCESS, SIMULATOR_PROCESS, WORKER_PROCESS, Stack
from tests.browser.conftest import Visit
from tests.stack import new_stack


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """Return a service that asks for a second factor, as production does."""
    unused = frozenset({WORKER_PROCESS, BEAT_PROCESS, RELAY_PROCESS, SIMULATOR_PROCESS})
    with new_stack("second_factor", environment={"ADMIN_SECOND_FACTOR": "on"}, without=unused) as running:
        yield running


def give_password(page: Page, stack: Stack, password: str | None = None) -> None:
    page.goto("/admin/")
    page.get_by_label("Username").fill(stack.sign_in.username)
    page.get_by_label("Password").fill(password or stack.sign_in.password)
    page.get_by_role("button", name="Log in").click()


def shown_by_app(secret: str) -> str:
    totp = TOTP(base64.b32decode(secret.replace(" ", "")))
    totp.time = time.time()
    return f"{totp.token():06d}"


def test_an_app_is_set_up_and_its_codes_open_the_admin(visit: Visit, stack: Stack) -> None:
    # Given
    page = visit.page
    give_password(page, stack)
    # When
    expect(page.get_by_role("img", name="The secret as a QR code")).to_be_visible()
    visit.keep_screenshot("second-factor-enrol")
    assert visit.overflow_px() == 0
    page.get_by_role("textbox", name="Code").fill(shown_by_app(page.locator("#secret").inner_text()))
    page.get_by_role("button", name="Go on").click()
    # Then the recovery codes are shown, and one of them lets in where the phone is not
    shown = page.locator("#recovery-codes li")
    expect(shown).to_have_count(10)
    codes = shown.all_inner_texts()
    visit.keep_screenshot("second-factor-recovery-codes")
    page.get_by_role("link", name="I have kept them").click()
    expect(page).to_have_url(f"{stack.base_url}/admin/")
    page.context.clear_cookies()
    give_password(page, stack)
    page.get_by_role("textbox", name="Code").fill("not one")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("This code is not right")).to_be_visible()
    visit.keep_screenshot("second-factor-code")
    time.sleep(1.1)  # what a wrong code costs
    page.get_by_role("textbox", name="Code").fill(codes[0])
    page.get_by_role("button", name="Go on").click()
    expect(page).to_have_url(f"{stack.base_url}/admin/")
    # And it is on record
    page.goto("/admin/staff/auditevent/")
    expect(page.get_by_text("enrol second factor").first).to_be_visible()
    visit.keep_screenshot("audit-log")


def test_too_many_wrong_passwords_lock_out(visit: Visit, stack: Stack) -> None:
    for _ in range(5):
        give_password(visit.page, stack, password="wrong")

    expect(visit.page.get_by_role("heading", name="Too many sign-ins failed.")).to_be_visible()
    visit.keep_screenshot("locked-out")
