"""The ways of a list to its days: none that has a row is left out."""

from datetime import UTC, date, datetime

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone

from config.staff import lists
from tests.staff.audit_rows import AUDIT, shown, write

# django-unfold's, not ours: it still serves older Djangos, too.
pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:Overriding get_action_choices")]


@pytest.fixture
def client(client: Client, boss: User) -> Client:
    client.force_login(boss)
    return client


def test_each_day_from_the_first_row_to_the_last_can_be_chosen(client: Client) -> None:
    write(3, since=datetime(2026, 2, 26, tzinfo=UTC))
    write(1, since=datetime(2026, 3, 2, tzinfo=UTC))

    months = client.get(AUDIT).context["choices"]
    days = client.get(AUDIT, {"at__year": "2026", "at__month": "2"}).context
    day = client.get(AUDIT, {"at__year": "2026", "at__month": "2", "at__day": "26"}).context

    assert [each["title"] for each in months] == ["February 2026", "March 2026"]
    assert months[0]["link"] == "?at__month=2&at__year=2026"
    assert [each["title"] for each in days["choices"]] == ["February 26", "February 27", "February 28"]
    assert (days["back"]["title"], days["back"]["link"]) == ("2026", "?at__year=2026")
    assert [each["title"] for each in day["choices"]] == ["February 26"]
    assert day["cl"].result_count == 3


@pytest.mark.parametrize("looked_at", [1, 500])
def test_the_ways_of_a_long_list_lead_to_what_came_late_and_to_today(
    client: Client, looked_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: rows of many days, in no order of theirs, as ANALYZE saw them or the newest are
    monkeypatch.setattr(lists, "ROWS_AT_MOST", 100)
    monkeypatch.setattr(lists, "ROWS_SEARCHED", looked_at)
    monkeypatch.setattr(timezone, "localdate", lambda: date(2026, 9, 9))
    for month in (2, 1, 6, 3):
        write(100, since=datetime(2026, month, 1, tzinfo=UTC))
    if looked_at > 1:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM pg_statistic WHERE starelid = 'staff_auditevent'::regclass")

    # when
    months = [each["title"].split()[0] for each in client.get(AUDIT).context["choices"]]
    june = shown(client, AUDIT, at__year="2026", at__month="6")

    # then
    assert months == ["January", "February", "March", "April", "May", "June", "July", "August", "September"]
    assert june.result_count == 100


def test_a_month_and_a_day_of_no_year_are_no_place_on_the_way(client: Client) -> None:
    write(3)

    every, of_no_year = (client.get(AUDIT, asked) for asked in ({}, {"at__month": "5", "at__day": "20"}))

    assert of_no_year.status_code == 200
    assert [each["title"] for each in of_no_year.context["choices"]] == [
        each["title"] for each in every.context["choices"]
    ]
