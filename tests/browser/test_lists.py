"""The admin's widest lists, in Chromium: all their columns are seen on a small desk."""

import uuid

import pytest

from tests.browser.conftest import Visit
from tests.browser.test_unknown_outcomes import ANN, PEOPLE, run, sign_in
from tests.shop import Shop

# As wide as they get: a sum of five digits, an owner, a reference of Stripe's. It stays open, so it is not due soon.
BREAK = """
import django, sys; django.setup()
from datetime import UTC, datetime, timedelta
from django_subatomic.db import transaction
from ledger.money import Money
from payments.assign_break import assign_break
from payments.open_break import Finding, open_break
from payments.states import BreakKind
from uuid import uuid4
now = datetime.now(UTC)
with transaction():
    held = open_break(
        finding=Finding(
            kind=BreakKind.CURRENCY_MISMATCH, book="shop", psp="stripe", psp_account="main", subject=sys.argv[1],
            money=Money(1234500, "EUR"), received=True, in_suspense=True, detail="A test's.", psp_reference=sys.argv[1],
        ),
        now=now,
    )
    due_at = now + timedelta(days=2)
    assign_break(break_id=held, owner="ann.of.accounting", due_at=due_at, by="ann", operation=uuid4(), now=now)
"""


@pytest.mark.parametrize("model", ["payments/attempt", "payments/break", "staff/auditevent"])
def test_all_columns_fit_the_desk(visit: Visit, shop: Shop, model: str) -> None:
    # Given
    run(shop, PEOPLE)
    sold = shop.open_session()
    assert shop.pay(sold).status_code == 200
    run(shop, BREAK, f"pi_{uuid.uuid4().hex[:24]}")
    page = visit.page
    sign_in(page, ANN)
    # When
    page.goto(f"/admin/{model}/")
    # Then
    table = page.locator("#result_list")
    assert table.locator("tbody tr").count() > 0
    assert table.evaluate("table => table.parentElement.scrollWidth - table.parentElement.clientWidth") <= 0
    assert visit.overflow_px() == 0
