"""The start page counts money once: what PSPs took, and what was paid back."""

from datetime import UTC, date, datetime

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_subatomic.db import transaction

from config.dashboard import money_cards
from ledger import history, overview
from ledger.accounts import AccountSpec, ensure_accounts
from payments.states import DisputeState
from tests.checkout.disputes import dispute, send_back
from tests.checkout.orders import cancel, open_taxed_shop, pay_back, sell
from tests.factories import NOW

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]


def rows() -> dict[str, tuple[str, ...]]:
    return {row[0]: tuple(row[1:]) for row in money_cards.flow_of_the_day(NOW).rows}


def test_a_refund_that_was_called_off_is_not_paid_back() -> None:
    # Given
    mug, _ = open_taxed_shop()
    cancel(sell((mug, 1)))
    # When nobody has sent the refund, and a dispute calls it off
    dispute(DisputeState.NEEDS_RESPONSE, 1780)
    # Then
    assert rows()["Paid back"] == ("EUR 0.00",)


def test_a_refund_is_paid_back_until_the_buyers_bank_returns_it() -> None:
    # Given
    mug, _ = open_taxed_shop()
    cancel(sell((mug, 1)))
    pay_back()
    assert rows()["Paid back"] == ("EUR 17.80",)
    # When
    send_back()
    # Then
    assert (rows()["Paid back"], rows()["Taken by PSPs for us"]) == (("EUR 0.00",), ("EUR 17.80",))


def test_a_dispute_that_was_won_is_not_taken_a_second_time() -> None:
    # Given
    mug, _ = open_taxed_shop()
    sell((mug, 1))
    assert rows()["Taken by PSPs for us"] == ("EUR 17.80",)
    # When
    dispute(DisputeState.NEEDS_RESPONSE, 1780)
    dispute(DisputeState.WON, 1780)
    # Then
    assert rows()["Taken by PSPs for us"] == ("EUR 17.80",)
    assert rows()["Kept for disputes"] == ("EUR 17.80",)


def test_a_days_money_by_kind_is_found_by_indexes() -> None:
    day = datetime(2026, 1, 1, tzinfo=UTC)
    with transaction(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + overview._BY_KIND, [day, day, ["payment.captured"]])
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "Bitmap Index Scan on ledger_transaction_times" in plan
    assert "ledger_entry_pkey" in plan


def test_accounts_that_no_card_is_about_are_not_read() -> None:
    # Given: many accounts beside the shop's
    mug, _ = open_taxed_shop()
    sell((mug, 1))
    with transaction():
        wallets = [AccountSpec(f"wallets:{number}", "EUR", "liability", "credit") for number in range(300)]
        ensure_accounts(book=settings.SHOP_BOOK, accounts=wallets)
    # When
    with CaptureQueriesContext(connection) as captured:
        rows()
    # Then
    [sums] = [query["sql"] for query in captured if "ledger_daily_sum" in query["sql"]]
    asked_for = sums.partition("ANY('{")[2].partition("}")[0].split(",")
    assert 0 < len(asked_for) < 20


def test_what_is_not_sealed_is_looked_up_one_by_one() -> None:
    with transaction(), connection.cursor() as cursor:
        # As the planner takes it for a third of all there are, it would rather read every transaction.
        cursor.execute("SET LOCAL enable_nestloop = off")
        # A table of a few rows, as other tests may have left it, would be read whole each time.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        days = {"since": date(2026, 1, 1), "through": date(2026, 1, 1), "recorded_through": date(2026, 1, 1)}
        cursor.execute("EXPLAIN " + history._SUMS, {"accounts": [1], **days})
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "Index Scan using ledger_transaction_pkey" in plan
    assert "Hash Join" not in plan
