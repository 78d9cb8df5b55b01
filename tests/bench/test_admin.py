"""The admin's pages are asked for where there are many payments."""

import pytest

from config.bench.admin.measure import measure
from tests.campaigns import PROCESSES
from tests.factories import NOW

pytestmark = [PROCESSES.only, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_truth_is_left")]


def test_the_start_page_and_stories_are_measured() -> None:
    measured = measure(payments=300, now=NOW)

    assert measured.payments == 300
    assert set(measured.search_ms) == {
        "payment at the PSP",
        "event of the PSP",
        "attempt",
        "card",
        "e-mail",
        "sum",
        "nothing",
    }
    assert all(0 < median <= longest for median, longest in measured.search_ms.values())
    assert measured.start_page_ms[0] > 0 < measured.story_ms[0]
