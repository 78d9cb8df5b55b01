"""A refund is asked for until the PSP has taken it in; one that waits for the buyer is only looked at."""

from datetime import timedelta
from uuid import UUID

import pytest
from django_subatomic.db import transaction

from ledger.money import Money
from payments.ask_psp import charge
from payments.models import Attempt, Refund
from payments.refund import request_refund, send_refund
from payments.sweep import due_refunds, open_refunds
from tests.factories import NOW
from tests.payments.holding import EUR, ORDER, assert_in_order, begin
from tests.psp import Psp

pytestmark = pytest.mark.django_db(transaction=True)


def promise(money: Money) -> UUID:
    with transaction():
        public_id = request_refund(order_reference=ORDER, money=money, reason="requested", now=NOW)
    return Refund.objects.get(public_id=public_id).uuid


def sent(token: str) -> UUID:
    """Return a refund that the PSP has been asked for, of a payment by this token."""
    charge(attempt_uuid=begin(token=token, captures_at_once=True), now=NOW)
    refund = promise(EUR)
    send_refund(refund_uuid=refund, now=NOW)
    return refund


def pass_time(psp: Psp) -> None:
    psp.http.post("/_simulator/clock", json={"advance_seconds": 31}).raise_for_status()


def test_a_refund_that_the_buyer_must_act_for_is_looked_at_until_it_is_paid(psp: Psp) -> None:
    # Given
    refund = sent("pm_tally_refundAsksFirst")
    assert Refund.objects.get().state == "requires_action"
    assert (due_refunds(now=NOW, limit=9), open_refunds()) == ([refund], 1)
    # When the buyer has not acted yet, and then has
    before = psp.requests()
    send_refund(refund_uuid=refund, now=NOW)
    assert (Refund.objects.get().state, psp.requests() - before) == ("requires_action", 1)
    pass_time(psp)
    send_refund(refund_uuid=refund, now=NOW)
    # Then
    assert (Refund.objects.get().state, psp.charges()) == ("succeeded", [("succeeded", 1290, 1290)])
    assert_in_order()


def test_a_refund_that_was_called_back_leaves_its_amount_to_another(psp: Psp) -> None:
    # Given
    refund = sent("pm_tally_refundCanceled")
    pass_time(psp)
    send_refund(refund_uuid=refund, now=NOW)
    row = Refund.objects.get()
    assert (row.state, row.failure_reason, row.next_check_at) == ("canceled", "merchant_request", None)
    assert Attempt.objects.get().refunded_minor == 0
    assert_in_order()
    # When
    again = promise(Money(1290, "EUR"))
    send_refund(refund_uuid=again, now=NOW)
    # Then
    assert psp.charges() == [("succeeded", 1290, 1290)]
    assert sorted(Refund.objects.values_list("state", flat=True)) == ["canceled", "requires_action"]
    assert_in_order()


@pytest.mark.parametrize("later", [timedelta(0), timedelta(days=2)])
def test_a_refund_that_waits_for_the_buyer_is_never_asked_for_again(psp: Psp, later: timedelta) -> None:
    # Given a PSP that has lost all it knew
    refund = sent("pm_tally_refundAsksFirst")
    psp.http.delete("/_simulator/data").raise_for_status()
    before = psp.requests()
    # When
    send_refund(refund_uuid=refund, now=NOW + later)
    # Then it was looked for, and that is all
    assert (psp.requests() - before, Refund.objects.get().state) == (1, "requires_action")
