"""A list opens as quickly over a million rows: it counts, leafs through and looks for values in some of them only."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from checkout.models import CheckoutSession, Order, OrderLine
from config.staff import lists
from config.staff.models import AuditEvent
from ledger.models import ENTRIES_BITS, Entry, Transaction
from tests.checkout.orders import open_taxed_shop, sell
from tests.factories import NOW
from tests.staff.audit_rows import AUDIT, shown, write

# django-unfold's, not ours: it still serves older Djangos, too.
pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:Overriding get_action_choices")]

INBOX = reverse("admin:exactly_once_inboxevent_changelist")
_SAY_ROWS = "UPDATE pg_class SET reltuples = %s WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"


@pytest.fixture
def client(client: Client, boss: User) -> Client:
    client.force_login(boss)
    return client


@pytest.fixture
def _long_for_the_statistics() -> Iterator[None]:
    """Have PostgreSQL say of each table that it has a million rows, and afterwards that it does not know."""
    with connection.cursor() as cursor:
        cursor.execute(_SAY_ROWS, [1_000_000])
        yield
        cursor.execute(_SAY_ROWS, [-1])


def rows_read(statement: str, table: str) -> int:
    """Return how many rows of a table a statement reads, those that do not fit counted in."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
        [(plan,)] = cursor.fetchall()
    return _rows_read((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"], table)


def _rows_read(node: dict[str, Any], table: str) -> int:
    here = node["Actual Rows"] + node.get("Rows Removed by Filter", 0) if node.get("Relation Name") == table else 0
    return int(here * node["Actual Loops"]) + sum(_rows_read(below, table) for below in node.get("Plans", ()))


@pytest.mark.usefixtures("_long_for_the_statistics")
@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model._meta.label_lower)
def test_no_page_of_a_list_asks_for_all_rows(client: Client, model: Any) -> None:
    # given
    address = _list_of(model)
    everything = re.compile(rf'^SELECT (?!.*\b(WHERE|LIMIT)\b).*FROM "{model._meta.db_table}"', re.DOTALL)

    # when
    with CaptureQueriesContext(connection) as captured:
        listed = shown(client, address)
        for spec in listed.filter_specs:
            for choice in spec.choices(listed):
                assert client.get(address + choice["query_string"]).status_code == 200
        shown(client, address, q="nothing")

    # then
    assert [query["sql"] for query in captured if everything.match(query["sql"])] == []


@pytest.mark.parametrize(
    "asked", [{}, {"p": "3"}, {"action": "act1"}, {"at__year": "2026"}, {"q": "request-7"}, {"q": "nothing"}]
)
def test_a_page_reads_as_many_rows_as_can_be_leafed_through(
    client: Client, asked: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setattr(lists, "ROWS_AT_MOST", 300)
    monkeypatch.setattr(lists, "ROWS_SEARCHED", 200)
    write(20_000)

    # when
    with CaptureQueriesContext(connection) as captured:
        shown(client, AUDIT, **asked)

    # then: an action is that of each third row
    asked_for = [query["sql"] for query in captured if query["sql"].startswith("SELECT")]
    assert max(rows_read(statement, "staff_auditevent") for statement in asked_for) <= 3 * 301


def test_a_list_that_can_be_leafed_through_is_counted_to_the_row(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "ROWS_AT_MOST", 250)
    write(250)

    page = client.get(AUDIT, {"p": "3"})

    assert page.context["cl"].result_count == 250
    assert [row.request_id for row in page.context["cl"].result_list] == [f"request-{n}" for n in range(50, 0, -1)]
    assert "about" not in page.content.decode().partition("<footer")[0].rpartition("audit events")[0][-200:]


def test_a_longer_one_says_about_how_many_there_are_and_is_leafed_through_so_far(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "ROWS_AT_MOST", 250)
    write(1234)

    first, last, beyond = (client.get(AUDIT, {"p": page}) for page in ("1", "3", "4"))

    told = " ".join(first.content.decode().split())
    assert "about 1,200 audit events: the first 250 can be leafed through" in told
    assert [row.request_id for row in first.context["cl"].result_list] == [
        f"request-{n}" for n in range(1234, 1134, -1)
    ]
    assert [row.request_id for row in last.context["cl"].result_list] == [f"request-{n}" for n in range(1034, 984, -1)]
    assert (beyond.status_code, beyond.headers["Location"]) == (302, f"{AUDIT}?e=1")


def test_of_what_a_filter_leaves_it_says_that_there_are_more(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "ROWS_AT_MOST", 250)
    write(1234)

    told = " ".join(client.get(AUDIT, {"action": "act1"}).content.decode().split())

    assert "more than 250 audit events: the first 250 can be leafed through" in told
    assert "250 results" not in told


def test_the_head_says_how_many_are_left_of_a_list_that_is_narrowed(client: Client) -> None:
    write(5)

    every, some = (" ".join(client.get(AUDIT, asked).content.decode().split()) for asked in ({}, {"action": "act1"}))

    assert ("Show all" in every, '2 results (<a href="?">Show all' in some) == (False, True)


def test_a_filter_offers_what_a_constraint_names_also_where_no_row_has_it(client: Client) -> None:
    [state] = [spec for spec in shown(client, INBOX).filter_specs if spec.field_path == "state"]

    assert state.lookup_choices == ["failed", "parked", "processed", "received"]


def test_a_filter_offers_what_the_newest_rows_have_what_is_common_and_what_is_chosen(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: an actor of old, often; one of long ago, once; and one of now
    monkeypatch.setattr(lists, "ROWS_AT_MOST", 100)
    monkeypatch.setattr(lists, "ROWS_SEARCHED", 100)
    AuditEvent.objects.create(at=NOW, actor="bea", action="once", outcome="done")
    write(500)
    write(200, since=NOW + timedelta(days=2), actor="cyd")

    # when
    offered, chosen = (
        next(spec.lookup_choices for spec in shown(client, AUDIT, **asked).filter_specs if spec.field_path == "actor")
        for asked in ({}, {"actor": "bea"})
    )

    # then
    assert (offered, chosen) == (["ada", "cyd"], ["ada", "bea", "cyd"])


def test_what_a_column_cannot_have_leads_back_to_the_list(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin.site._registry[OrderLine], "list_filter", ("order__total_minor",))
    address = _list_of(OrderLine)

    answer = client.get(address, {"order__total_minor": "much"})

    assert (answer.status_code, answer.headers["Location"]) == (302, f"{address}?e=1")


def test_any_part_is_found_in_a_short_list_and_in_the_newest_rows_of_a_long_one(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(400)
    assert shown(client, AUDIT, q="EQUEST-40").result_count == 2

    monkeypatch.setattr(lists, "ROWS_AT_MOST", 100)
    monkeypatch.setattr(lists, "ROWS_SEARCHED", 100)
    found = {words: shown(client, AUDIT, q=words).result_count for words in ("EQUEST-40", "EQUEST-399", "act1", "ac")}

    # "act1" is a whole action, which an index finds everywhere.
    assert found == {"EQUEST-40": 1, "EQUEST-399": 1, "act1": 100, "ac": 100}


def test_of_what_many_rows_have_those_are_found_that_fit_the_filters(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: of an action more rows than a list shows, all of them newer than those of the first day
    monkeypatch.setattr(lists, "ROWS_AT_MOST", 100)
    monkeypatch.setattr(lists, "ROWS_SEARCHED", 100)
    since = datetime(2026, 1, 1, tzinfo=UTC)
    write(3000, since=since)
    day = {"at__year": "2026", "at__month": "1", "at__day": "1"}

    # when
    every, of_day = (shown(client, AUDIT, q="act1", **asked) for asked in ({}, day))

    # then
    assert (every.result_count, of_day.result_count) == (100, 100)
    assert {(row.action, row.at.date()) for row in of_day.result_list} == {("act1", since.date())}


def test_where_no_row_that_fits_the_filters_has_the_whole_a_part_is_looked_for(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "ROWS_AT_MOST", 100)
    write(300)
    for action, day in (("once", 2), ("once_more", 1)):
        AuditEvent.objects.create(at=NOW + timedelta(days=day), actor="bea", action=action, outcome="done")

    found = shown(client, AUDIT, q="once", action="once_more")

    assert [row.action for row in found.result_list] == ["once_more"]


@pytest.mark.usefixtures("psp", "_long_for_the_statistics")
@pytest.mark.django_db(transaction=True)
def test_what_is_whole_is_found_among_all_rows(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    # given: an order, with others behind it
    monkeypatch.setattr(lists, "ROWS_AT_MOST", 2)
    monkeypatch.setattr(lists, "ROWS_SEARCHED", 1)
    mug, _ = open_taxed_shop()
    order = sell((mug, 1))
    for _ in range(3):
        sell((mug, 1))
    posted = Transaction.objects.filter(metadata__contains={"order_reference": order.session.public_id}).earliest("pk")
    wanted: dict[tuple[type[Model], str], object] = {
        (Order, order.public_id): order.pk,
        (Order, order.buyer_email.upper()): order.pk,
        (Order, order.session.public_id): order.pk,
        (CheckoutSession, order.buyer_email.upper()): order.session.pk,
        (Transaction, order.session.public_id): posted.pk,
        (Entry, posted.reference): (posted.pk << ENTRIES_BITS) + 1,
    }

    # when
    found = {
        (model, words): {row.pk for row in shown(client, _list_of(model), q=words).queryset} for model, words in wanted
    }

    # then
    assert [asked for asked, key in wanted.items() if key not in found[asked]] == []
    assert shown(client, _list_of(Order), q=order.public_id[:-3]).result_count == 0
    assert shown(client, _list_of(Order), q="nothing").result_count == 0
    # Of more rows than a page may read, two tables are joined; of few, these are named.
    for state, number, joined in (("confirmed", 2, True), ("shipped", 0, False)):
        with CaptureQueriesContext(connection) as captured:
            assert shown(client, _list_of(OrderLine), order__state=state).result_count == number
        by_state = [query["sql"] for query in captured if f"'{state}'" in query["sql"]]
        assert any("JOIN" in statement for statement in by_state) is joined


def _list_of(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
