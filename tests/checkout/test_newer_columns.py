"""A newer release's migrations have added columns, and the old one serves on, with all that it has prepared."""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import connection

from payments.models import RoutingRule
from tests.checkout.buyers import nothing_is_wrong, open_session, open_shop, pay
from tests.concurrency.crowd import everyone
from tests.psp import Psp

pytestmark = pytest.mark.django_db(transaction=True)

OURS = ("checkout", "payments", "ledger", "exactly_once")


def each_table(change: str) -> None:
    tables = {model._meta.db_table for model in apps.get_models() if model._meta.app_label in OURS}
    with connection.cursor() as cursor:
        for table in sorted(tables):
            cursor.execute(f"ALTER TABLE {table} {change}")


@pytest.fixture
def newer() -> Iterator[None]:
    """Take the columns away that the test adds."""
    yield
    each_table("DROP COLUMN IF EXISTS newer")


@pytest.mark.usefixtures("newer")
def test_who_has_prepared_statements_for_tables_that_have_grown_since_sells_on(psp: Psp) -> None:
    # Given an old release that has sold enough for its statements to be prepared
    shop = open_shop()
    RoutingRule.objects.create(name="all", priority=1, psp="stripe")
    threshold = connection.connection.prepare_threshold
    for _ in range(threshold + 1):
        assert pay(open_session(shop)).status == 200
    # When the newer one adds a column to each table, over a connection of its own
    everyone(1, lambda _: each_table("ADD COLUMN newer integer"))
    with connection.cursor() as cursor:
        # As a backend does that has missed what others have changed: each statement is analysed anew.
        cursor.execute("DISCARD PLANS")
    # Then
    assert pay(open_session(shop)).status == 200
    assert nothing_is_wrong() == []
