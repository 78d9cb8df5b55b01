"""The admin's pages are asked for where there are many payments."""

import pytest

from checkout.models import Order
from config.bench.admin.measure import measure
from ledger.models import Transaction
from ledger.overview import footings
from tests.campaigns import PROCESSES
from tests.factories import NOW

pytestmark = [
    PROCESSES.only,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("no_truth_is_left"),
    # django-unfold's, not ours: it still serves older Djangos, too.
    pytest.mark.filterwarnings("ignore:Overriding get_action_choices"),
]


def test_the_start_page_and_stories_are_measured() -> None:
    measured = measure(payments=300, now=NOW, lists=["checkout.order", "staff.auditevent"])

    assert measured.payments == 300
    assert set(measured.pages) == {
        "start page",
        "story",
        "search by payment at the PSP",
        "search by event of the PSP",
        "search by attempt",
        "search by card",
        "search by e-mail",
        "search by sum",
        "search by nothing",
    }
    assert all(0 < median <= longest for median, longest in measured.pages.values())
    assert measured.lists["checkout: orders"][0] == 301
    assert set(measured.lists["checkout: orders"][1]) == {"opened", "filtered", "of a day", "searched"}
    assert set(measured.lists) == {"checkout: orders", "staff: audit events"}
    # What was measured is there: a story of the shop, the payment and the books.
    assert Order.objects.filter(session__public_id="order1000300").count() == 1
    assert footings()[0].balanced
    assert Transaction.objects.filter(metadata__contains={"order_reference": "order1000300"}).count() == 1
