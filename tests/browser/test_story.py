"""Somebody asks, in Chromium, what became of a payment, and which orders a payout has."""

import uuid

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE, Visit
from tests.browser.test_unknown_outcomes import ANN, PEOPLE, run, sign_in
from tests.browser.visitor import barriers
from tests.shop import Shop, wait_for

# A settlement and a payout of everything that Stripe has taken, as its reports and the bank tell them.
PAYOUT = """
import django; django.setup()
import sys
from dataclasses import replace
from datetime import UTC, datetime
from django_subatomic.db import transaction
from ledger.money import Money
from payments.keep_lines import keep_lines
from payments.models import Attempt, SettlementLine
from payments.payout import settle_payout
from payments.psp.news import PayoutEvent
from payments.psp.settlement import SettlementLine as Told
from payments.settle_line import settle_line
from payments.states import LineKind, PayoutState
now, name, net = datetime.now(UTC), sys.argv[1], 0
told = []
for order in sys.argv[2:]:
    attempt = Attempt.objects.get(intent__order_reference=order)
    gross, fee = Money(attempt.amount_minor, "EUR"), Money(55, "EUR")
    net += (gross - fee).amount_minor
    told.append(Told(line_id=f"txn_{attempt.uuid}", kind=LineKind.CHARGE, gross=gross, fee=fee, net=gross - fee,
        occurred_at=now, psp_reference=attempt.psp_reference, payment_reference=attempt.psp_reference,
        payout_reference=name))
out, none = Money(-net, "EUR"), Money(0, "EUR")
told.append(Told(line_id=f"txn_{name}", kind=LineKind.PAYOUT, gross=out, fee=none, net=out, occurred_at=now,
    psp_reference=name, payment_reference="", payout_reference=name))
with transaction():
    settle_payout(psp="stripe", account="main", event=PayoutEvent(name, PayoutState.PAID, Money(net, "EUR")), now=now)
    keep_lines(psp="stripe", account="main", lines=told, now=now)
for line in SettlementLine.objects.filter(line_id__in=[each.line_id for each in told]):
    settle_line(line_pk=line.pk, now=now)
"""


@pytest.fixture
def paid(shop: Shop) -> tuple[str, str, str]:
    """Return the e-mail and the session of one of two orders, and the payout that has both."""
    run(shop, PEOPLE)
    mail = f"ada-{uuid.uuid4()}@example.com"
    sessions = [shop.open_session(email=mail), shop.open_session(sku="COF-250")]
    for session in sessions:
        assert shop.pay(session, "pm_card_visa", key=str(uuid.uuid4())).status_code == 200
    for session in sessions:
        wait_for(lambda session=session: bool(shop.sql(TOLD, [session["id"]])), "no webhook has come")  # type: ignore[misc]
    payout = f"po_{uuid.uuid4().hex[:16]}"
    run(shop, PAYOUT, payout, *(session["id"] for session in sessions))
    return mail, str(sessions[0]["id"]), payout


TOLD = """
    SELECT 1 FROM exactly_once_inboxevent AS e
    JOIN payments_paymentintent AS i ON i.order_reference = %s
    JOIN payments_attempt AS a ON a.intent_id = i.id
    WHERE e.subjects @> ARRAY[a.psp_reference]
"""


def test_from_the_sum_at_the_bank_to_the_orders_and_their_stories(
    visit: Visit, shop: Shop, paid: tuple[str, str, str]
) -> None:
    # Given
    page, (mail, session, payout) = visit.page, paid
    sign_in(page, ANN)
    page.goto("/admin/story/")
    visit.keep_screenshot("story-empty")
    # When
    page.get_by_label("Any id, e-mail").fill(payout)
    page.keyboard.press("Enter")
    # Then
    expect(page.get_by_role("heading", name="The orders in it")).to_be_visible()
    expect(page.get_by_role("row", name="Unexplained")).to_contain_text("EUR 0.00")
    visit.keep_screenshot("story-payout-desk")
    # When
    page.get_by_role("row").filter(has_text="EUR 12.90").get_by_role("link", name="ord_").click()
    # Then
    expect(page.get_by_role("heading", name="Where the money is")).to_be_visible()
    expect(page.get_by_role("link", name="stripe told payment_intent.succeeded")).to_be_visible()
    page.locator(".told summary").first.click()
    visit.keep_screenshot("story-desk")
    assert barriers(page, within="#told") == []
    page.set_viewport_size(PHONE)
    assert visit.overflow_px() == 0
    visit.keep_screenshot("story-phone")
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(DESK)
    page.reload()  # the admin's pages look at it when they are opened
    expect(page.locator("html.dark")).to_have_count(1)
    visit.keep_screenshot("story-dark")
    # When
    page.get_by_role("link", name="stripe told payment_intent.succeeded").click()
    # Then its JSON is there
    expect(page.get_by_text('"payment_intent.succeeded"')).to_be_visible()
    # When
    page.goto("/admin/story/?q=" + mail)
    # Then
    expect(page).to_have_url(f"{visit.base_url}/admin/story/{session}/")
