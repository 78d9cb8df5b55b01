"""The accounts that payments post to."""

import pytest
from django.db import connection
from django_subatomic.db import transaction

from exactly_once.together import write_together
from ledger.accounts import open_book
from ledger.models import Balance
from payments.chart import HOT_STRIPES, ensure_dispute_chart, ensure_sale_chart, ensure_settlement_chart, opening_chart
from tests.payments.test_posting_rules import NOW

pytestmark = pytest.mark.django_db(transaction=True)

BOOK = "shop"


@pytest.fixture(autouse=True)
def _book() -> None:
    with transaction():
        open_book(code=BOOK, name="Shop", now=NOW)


def last_number() -> int | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sequence_last_value(pg_get_serial_sequence('ledger_account', 'id')::regclass)")
        number: int | None = cursor.fetchone()[0]
        return number


def test_what_every_sale_posts_to_is_spread_so_that_sales_do_not_wait_for_each_other() -> None:
    with transaction():
        write_together(opening_chart(book=BOOK, psp="stripe", currency="EUR"))
        ensure_sale_chart(book=BOOK, currency="EUR", jurisdictions=["DE"])
        ensure_settlement_chart(book=BOOK, psp="stripe", currency="EUR")
        ensure_dispute_chart(book=BOOK, psp="stripe", currency="EUR")

    rows = Balance.objects.values_list("code", flat=True)
    spread = {code: len([each for each in rows if each == code]) for code in rows}
    hot = {code for code, count in spread.items() if count == HOT_STRIPES}
    assert hot == {
        "assets:psp:stripe:receivable",
        "expenses:psp_fees:stripe",
        "liabilities:orders",
        "liabilities:tax:DE",
        "revenue:sales",
        "revenue:shipping",
    }
    assert {count for code, count in spread.items() if code not in hot} == {1}


def test_a_chart_that_is_open_takes_no_number_again() -> None:
    with transaction():
        write_together(opening_chart(book=BOOK, psp="stripe", currency="EUR"))
    before = last_number()

    with transaction():
        write_together(opening_chart(book=BOOK, psp="stripe", currency="EUR"))

    assert last_number() == before
    assert before is not None
