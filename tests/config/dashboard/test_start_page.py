"""The admin's start page shows what moves and what waits, to whoever may see it, and leads to each list."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from checkout.low_stock import LowStock, low_stock
from checkout.models import StockItem, Variant
from config.dashboard import money_cards, open_cards
from config.dashboard.card import Card, Tone
from config.dashboard.page import CARDS
from config.staff.roles import permissions_of
from exactly_once import inbox
from ledger import overview
from ledger.models import Balance
from ledger.money import Money
from payments.models import Attempt
from payments.performance import performance
from tests.checkout.orders import open_taxed_shop, sell
from tests.factories import NOW, VariantFactory
from tests.payments.deciding import doubtful
from tests.payments.findings import found, line

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]

HOUR = timedelta(hours=1)


def person(*permissions: str) -> Client:
    user = User.objects.create_user("clerk", is_staff=True)
    user.user_permissions.set(
        [each for each in permissions_of("viewer") if f"{each.content_type.app_label}.{each.codename}" in permissions]
    )
    client = Client()
    client.force_login(user)
    return client


def viewer() -> Client:
    return person(*(f"{each.content_type.app_label}.{each.codename}" for each in permissions_of("viewer")))


def rows(card: Card) -> dict[str, tuple[str, ...]]:
    return {row[0]: tuple(row[1:]) for row in card.rows}


def titles(client: Client) -> list[str]:
    return re.findall(r'<h2 id="card-\d+">\s*<a href="[^"]*">([^<]*)</a>', client.get("/admin/").content.decode())


def test_an_idle_service_says_that_all_is_well() -> None:
    page = viewer().get("/admin/")

    cards: list[Card] = page.context["cards"]
    assert [(card.title, card.tone) for card in cards] == [
        ("Money of the day", Tone.PLAIN),
        ("PSPs, last 24 hours", Tone.PLAIN),
        ("Unknown outcomes", Tone.WELL),
        ("Open breaks", Tone.WELL),
        ("Webhooks and events", Tone.WELL),
        ("Trial balance", Tone.WELL),
        ("Stock at risk", Tone.WELL),
    ]
    assert [card.title for card in cards if card.chart] == []


def test_the_money_of_the_day_is_what_the_books_have_moved() -> None:
    # Given
    mug, _ = open_taxed_shop()
    sell((mug, 2))
    # When
    card = money_cards.flow_of_the_day(NOW)
    # Then
    assert card.line == "Taken since midnight, UTC: EUR 30.70"
    assert rows(card) == {
        "Taken by PSPs for us": ("EUR 30.70",),
        "Paid back": ("EUR 0.00",),
        "Kept for disputes": ("EUR 0.00",),
        "PSP fees": ("EUR 0.00",),
        "At our bank": ("EUR 0.00",),
        "Earned": ("EUR 0.00",),
    }
    assert card.chart
    (drawn,) = json.loads(card.chart.data)["datasets"]
    assert (drawn["label"], drawn["data"]) == ("EUR", [30.7, 0, 0, 0, 0, 0])


def test_another_days_money_is_not_of_today() -> None:
    mug, _ = open_taxed_shop()
    sell((mug, 2))

    card = money_cards.flow_of_the_day(NOW + timedelta(days=1))

    assert (card.line, card.rows, card.chart) == ("Nothing has moved since midnight, UTC.", [], None)


def test_books_that_do_not_balance_are_named() -> None:
    # Given
    mug, _ = open_taxed_shop()
    sell((mug, 1))
    assert money_cards.trial_balance(NOW).line == "Balanced"
    # When somebody tampers with a balance, past every guard
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        Balance.objects.filter(code="liabilities:orders").update(credits_minor=0)
        cursor.execute("RESET session_replication_role")
    # Then
    card = money_cards.trial_balance(NOW)
    assert (card.line, card.tone) == ("Not balanced: shop EUR", Tone.WATCH)
    assert overview.footings() == [overview.Footing("shop", Money(1780, "EUR"), Money(0, "EUR"))]


def test_each_psp_is_shown_with_its_rate_and_how_long_it_takes() -> None:
    # Given
    mug, _ = open_taxed_shop()
    for _ in range(3):
        sell((mug, 1))
    first, second, third = Attempt.objects.order_by("pk")
    for attempt, waited in ((first, 100), (second, 300), (third, 7000)):
        Attempt.objects.filter(pk=attempt.pk).update(answered_in_ms=waited)
    # When
    card = money_cards.psps(NOW + HOUR)
    # Then
    assert rows(card)["stripe main"] == ("3", "100.0%", "300 ms", "7,000 ms", "0")
    assert rows(card)["adyen main"] == ("0", "-", "-", "-", "0")
    assert (card.line, card.tone) == ("stripe main: slow", Tone.WATCH)
    assert money_cards.psps(NOW + timedelta(days=2)).line == "No PSP was asked."


def test_nobody_who_waited_is_counted_where_the_psp_was_not_reached() -> None:
    assert [each.median_ms for each in performance(since=NOW)] == [None, None]


def test_what_nobody_knows_is_shown_by_age() -> None:
    doubtful()

    card = open_cards.unknown_attempts(NOW + HOUR)

    assert (card.line, card.tone) == ("1 attempt, EUR\N{NO-BREAK SPACE}12.90", Tone.WATCH)
    assert rows(card)["1 to 24 hours"] == ("1",)
    assert card.chart
    assert "1 to 24 hours 1" in card.chart.said


def test_open_breaks_are_shown_by_age_with_what_is_in_suspense() -> None:
    doubtful()
    found(line())

    card = open_cards.open_breaks(NOW + timedelta(days=3))

    assert card.line == "1 open, 1 overdue; in suspense: stripe EUR\N{NO-BREAK SPACE}3.90"
    assert rows(card)["1 to 7 days"] == ("1",)


def test_messages_that_failed_or_wait_long_are_shown() -> None:
    # Given
    kept = inbox.receive(source="stripe", account="main", event_id="evt_1", headers={}, body=b"[]", now=NOW)
    assert open_cards.webhooks(NOW).line == "Nothing is late."
    # When
    inbox.process(event_id=kept.id, now=NOW)
    # Then
    card = open_cards.webhooks(NOW + HOUR)
    assert (card.line, card.tone) == ("1 parked or failed; the oldest waits for 1.0 h", Tone.WATCH)
    assert rows(card)["From stripe, failed"] == ("1", "1.0 h")
    assert card.href.endswith("?state__exact=failed")


def test_what_is_about_to_be_sold_out_is_shown_with_the_least_first() -> None:
    few, gone = VariantFactory.create(sku="FEW", on_hand=5), VariantFactory.create(sku="GONE", on_hand=1)
    VariantFactory.create(sku="MANY", on_hand=6)
    VariantFactory.create(sku="OFF", on_hand=1)
    Variant.objects.filter(sku="OFF").update(active=False)

    assert low_stock() == [LowStock("GONE", 1, 0), LowStock("FEW", 5, 0)]
    card = open_cards.stock_at_risk(NOW)
    assert card.line == "5 free units or fewer of 2 variants"
    assert {few.sku, gone.sku} == set(rows(card))
    assert StockItem.objects.count() == 4


@pytest.mark.parametrize("permission", sorted(set(CARDS.values())))
def test_a_card_is_shown_to_whoever_may_see_its_list(permission: str) -> None:
    mine = [card(NOW).title for card, needed in CARDS.items() if needed == permission]

    assert titles(person(permission)) == mine


def test_whoever_may_see_nothing_is_told_so_and_nothing_is_counted() -> None:
    client = person()
    with CaptureQueriesContext(connection) as queries:
        page = client.get("/admin/").content.decode()

    assert "There is nothing here that you may see" in page
    assert "What became of a payment?" not in page
    assert not [query for query in queries if "ledger_" in query["sql"] or "stockitem" in query["sql"]]


def links() -> Iterator[str]:
    moment: datetime = NOW
    return (card(moment).href for card in CARDS)


def test_every_card_leads_to_a_list_that_a_viewer_may_see() -> None:
    client = viewer()

    assert {client.get(href).status_code for href in links()} == {200}
    assert reverse("admin:story") in client.get("/admin/").content.decode()
