"""Two people find out, in Chromium, what became of a payment that no PSP tells of."""

import os
import subprocess
import sys
import uuid

import pytest
from playwright.sync_api import Page, expect

from config.services.leftovers import BASE_DIR
from tests.browser.conftest import Visit, on_desk_and_phone
from tests.shop import Shop, wait_for

ANN, BOB, PASSWORD = "ann", "bob", "correct horse battery"
PEOPLE = f"""
import django; django.setup()
from django.contrib.auth.models import User
for name in ("{ANN}", "{BOB}"):
    if not User.objects.filter(username=name).exists():
        User.objects.create_superuser(name, password="{PASSWORD}")
"""
# What a PSP's webhook would say, had it taken a cent more than it was asked for.
ANOTHER_SUM = """
import django, sys; django.setup()
from datetime import UTC, datetime
from uuid import UUID
from django_subatomic.db import transaction
from ledger.money import Money
from payments.psp.outcomes import Approved
from payments.settle_attempt import settle_attempt
with transaction():
    settle_attempt(
        attempt_uuid=UUID(sys.argv[1]),
        outcome=Approved(f"pi_{sys.argv[1]}", captured=True, money=Money(1291, "EUR")),
        now=datetime.now(UTC),
    )
"""
ATTEMPT = """
    SELECT a.uuid, a.id FROM payments_attempt AS a JOIN payments_paymentintent AS i ON i.id = a.intent_id
    WHERE i.order_reference = %s
"""


def run(shop: Shop, program: str, *arguments: str) -> None:
    command = [sys.executable, "-c", program, *arguments]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **shop.stack.environment()}
    subprocess.run(command, check=True, env=environment, cwd=BASE_DIR, timeout=60)


def propose(page: Page, outcome: str, reason: str, evidence: str) -> None:
    page.get_by_label("How it ended").select_option(value=outcome)
    page.get_by_label("Reason").fill(reason)
    page.get_by_label("What shows it").fill(evidence)
    page.get_by_role("button", name="Propose").click()
    expect(page.get_by_text("Another person has to look at it")).to_be_visible()


def apply(page: Page, *, clicks: int = 1) -> None:
    page.get_by_role("link", name="Apply ...").click()
    page.get_by_role("button", name="I have looked: apply it").click(click_count=clicks)


def sign_in(page: Page, name: str) -> None:
    page.goto("about:blank")  # an answer that is still under way would bring the other person's session back
    page.context.clear_cookies()
    page.goto("/admin/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_label("Password")).to_have_count(0)


@pytest.fixture(scope="module", autouse=True)
def _people(shop: Shop) -> None:
    run(shop, PEOPLE)


@pytest.fixture
def doubt(shop: Shop) -> tuple[str, str]:
    """Return the order, and the uuid of its attempt, that the PSP answers with a 500 for ever."""
    session = shop.open_session()
    assert shop.pay(session, "pm_tally_error500", key=str(uuid.uuid4())).status_code == 202
    wait_for(lambda: shop.sql(STATE, [session["id"]]) == [("unknown",)], "the attempt is not unknown")
    ((attempt, _),) = shop.sql(ATTEMPT, [session["id"]])
    return session["id"], str(attempt)


STATE = """
    SELECT a.state FROM payments_attempt AS a JOIN payments_paymentintent AS i ON i.id = a.intent_id
    WHERE i.order_reference = %s
"""


def test_one_proposes_and_another_applies(visit: Visit, shop: Shop, doubt: tuple[str, str]) -> None:
    # Given
    page, (order, attempt) = visit.page, doubt
    sign_in(page, ANN)
    # When Ann finds it, has the PSP asked, and proposes
    page.set_viewport_size({"width": 1700, "height": 900})  # as wide as the sidebar needs
    page.goto("/admin/payments/unknownattempt/")
    expect(page.get_by_role("link", name="Unknown outcomes").first).to_be_visible()
    visit.keep_screenshot("unknown-outcomes-list")
    page.get_by_role("link", name=order).click()
    expect(page.get_by_role("heading", name="Nobody knows how this ended")).to_be_visible()
    visit.keep_screenshot("unknown-outcome")
    page.get_by_role("link", name="Ask the PSP now").click()
    visit.keep_screenshot("unknown-outcome-ask")
    page.get_by_role("button", name="Ask now").click()
    expect(page.get_by_text("The PSP is being asked.")).to_be_visible()
    page.get_by_role("link", name="Propose a decision").click()
    visit.keep_screenshot("unknown-outcome-propose")
    propose(page, "declined", "The PSP has never seen it.", f"Dashboard, all payments: nothing of {attempt}.")
    visit.keep_screenshot("unknown-outcome-proposed")
    # Then she cannot apply it herself
    page.get_by_role("link", name="Look at the proposal").click()
    visit.keep_screenshot("decision")
    apply(page)
    expect(page.get_by_text("somebody else must look, and agree")).to_be_visible()
    visit.keep_screenshot("decision-refused")
    assert shop.sql(STATE, [order]) == [("unknown",)]
    # When Bob does, by a double click
    sign_in(page, BOB)
    page.goto("/admin/payments/decision/")
    visit.keep_screenshot("decisions")
    page.get_by_role("row").filter(has_text="The PSP has never seen it.").get_by_role("link").first.click()
    apply(page, clicks=2)
    expect(page.get_by_text("The attempt is declined.")).to_be_visible()
    # Then
    assert shop.sql(STATE, [order]) == [("declined",)]
    assert shop.postings_of({"id": order}) == []


def test_another_sum_is_seen_assigned_and_ends_with_a_decision(
    visit: Visit, shop: Shop, doubt: tuple[str, str]
) -> None:
    # Given a payment of a cent too much
    page, (order, attempt) = visit.page, doubt
    run(shop, ANOTHER_SUM, attempt)
    sign_in(page, ANN)
    # When Ann takes it on
    page.goto("/admin/payments/break/")
    visit.keep_screenshot("breaks")
    page.get_by_role("row").filter(has_text=f"pi_{attempt}").get_by_role("link").first.click()
    visit.keep_screenshot("break")
    page.get_by_role("link", name="Assign ...").click()
    visit.keep_screenshot("break-assign")
    page.get_by_role("button", name="Assign it").click()
    expect(page.get_by_text("is with ann.")).to_be_visible()
    # Then one person's word does not end it
    page.get_by_role("link", name="Resolve ...").click()
    page.get_by_label("What it was").fill("A tip.")
    page.get_by_role("button", name="Resolve it").click()
    expect(page.get_by_text("evidence ends both, or two people")).to_be_visible()
    visit.keep_screenshot("break-refused")
    # When two people do
    page.goto(f"/admin/payments/attempt/{shop.sql(ATTEMPT, [order])[0][1]}/propose")
    propose(page, "voided", "Paid back in the dashboard.", "Its refund is on the payment's page.")
    look = page.get_by_role("link", name="Look at the proposal")
    address = look.get_attribute("href")
    assert address is not None
    sign_in(page, BOB)
    page.goto(address)
    apply(page)
    # Then
    expect(page.get_by_text("The attempt is voided.")).to_be_visible()
    assert shop.sql(STATE, [order]) == [("voided",)]
    assert shop.sql("SELECT state, owner FROM payments_break WHERE psp_reference = %s", [f"pi_{attempt}"]) == [
        ("resolved", "ann")
    ]
    shop.verify()


@on_desk_and_phone
def test_the_lists_explain_themselves_in_any_window(visit: Visit) -> None:
    sign_in(visit.page, ANN)
    for path in ("unknownattempt/", "break/", "decision/"):
        visit.page.goto(f"/admin/payments/{path}")
        expect(visit.page.locator(".hint").first).to_be_visible()
        assert visit.overflow_px() == 0, path
