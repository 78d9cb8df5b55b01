"""A dispute that is lost and a refund that fails, of two orders at once, lock the ledger's balances in two orders."""

import threading
from typing import Any

import pytest
from django.db import OperationalError, connection
from django_subatomic.db import transaction
from psycopg.errors import DeadlockDetected

from checkout import review_order
from checkout.make_good import make_good
from checkout.models import Order
from exactly_once.retry import retry_on_conflict
from ledger.money import Money
from payments.dispute import settle_dispute
from payments.models import Attempt, Refund
from payments.psp.news import DisputeEvent
from payments.psp.registry import get_adapter
from payments.refund import send_refund
from payments.states import DisputeState
from tests.checkout.orders import books, cancel, open_taxed_shop, review, sell, sell_mugs, wrong
from tests.concurrency.crowd import crowd
from tests.factories import NOW

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]

D = DisputeState


def _attempt(order: Order) -> Attempt:
    return Attempt.objects.get(intent__public_id=order.payment_intent)


@retry_on_conflict  # as the inbox does
@transaction
def _dispute(order: Order, state: DisputeState, minor: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL deadlock_timeout = '20s'")  # the other one is the victim
    attempt = _attempt(order)
    event = DisputeEvent(f"du_{order.pk}", str(attempt.psp_reference), state, Money(minor, "EUR"), reason="x")
    settle_dispute(attempt=attempt, event=event, now=NOW)


def _refused_refund(order: Order) -> Refund:
    """Return a refund that is on its way to the PSP, which has paid all of it back by hand."""
    attempt = _attempt(order)
    refund = Refund.objects.get(attempt=attempt)
    Refund.objects.filter(pk=refund.pk).update(sent_at=NOW)
    adapter = get_adapter(psp=attempt.psp, account=attempt.psp_account)
    adapter.refund(
        key="by hand",
        psp_reference=str(attempt.psp_reference),
        refund_id=attempt.uuid,
        money=Money(refund.amount_minor, "EUR"),
    )
    return refund


def test_a_lost_dispute_and_a_refund_that_fails_do_not_fail_by_a_deadlock(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given an order whose refund a dispute of a part has called off
    mug, _ = open_taxed_shop()
    one = sell((mug, 2))
    cancel(one)
    _dispute(one, D.NEEDS_RESPONSE, 2000)
    # And another one whose refund the PSP will refuse, when the whole of it is lost to the buyer's bank
    other = sell((mug, 1))
    cancel(other)
    refund = _refused_refund(other)
    _dispute(other, D.LOST, 1780)
    # When both go on at once, each with some balances locked
    met, runs = threading.Barrier(2), list[int]()

    def meet(**terms: Any) -> None:
        runs.append(threading.get_ident())
        if runs.count(threading.get_ident()) == 1:
            met.wait(timeout=10)
        make_good(**terms)

    monkeypatch.setattr(review_order, "make_good", meet)
    acts = [lambda: _dispute(one, D.LOST, 2000), lambda: send_refund(refund_uuid=refund.uuid, now=NOW)]
    ends = crowd(2, lambda number: acts[number]())
    # Then one was a deadlock's victim, nobody is told, and both have come to their ends
    assert (ends, len(runs)) == ([None, None], 3)
    refund.refresh_from_db()
    assert (refund.state, _attempt(one).refunded_minor) == ("failed", 2 * 1290 + 490 - 2000)
    assert (books("liabilities:orders", "expenses:chargebacks"), wrong()) == ([0, 0], [])


def test_an_order_is_looked_at_once_more_after_a_deadlock(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given
    _, order = sell_mugs(1)
    runs = list[int]()

    def fail_once(**terms: Any) -> None:
        runs.append(1)
        if len(runs) == 1:
            raise OperationalError from DeadlockDetected()
        make_good(**terms)

    monkeypatch.setattr(review_order, "make_good", fail_once)
    # When
    state = review(order)
    # Then
    assert (state, len(runs)) == ("confirmed", 2)
