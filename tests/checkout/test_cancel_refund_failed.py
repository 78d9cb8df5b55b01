"""A cancellation whose refund the bank sends back: its units are not sold by the shipment of the others."""

import pytest
from django_subatomic.db import transaction

from ledger.money import Money
from payments.models import Refund
from payments.parts import Wanted
from payments.psp.outcomes import RefundFailed
from payments.refund import request_refund
from payments.settle_refund import settle_refund
from tests.checkout.orders import books, cancel, sell_mugs, ship, wrong
from tests.factories import NOW

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]


def test_units_whose_refund_failed_are_not_earned_by_the_last_shipment() -> None:
    # Given one of two mugs canceled, whose refund comes back
    mug, order = sell_mugs(2)
    cancel(order, (mug, 1))
    refund = Refund.objects.get()
    with transaction():
        settle_refund(refund_uuid=refund.uuid, outcome=RefundFailed(None, reason="account_closed"), now=NOW)
    # When the other one is shipped
    body = ship(order)
    # Then one mug and the parcel are earned; the rest is still the buyer's
    assert [each["amount_minor"] for each in body["shipments"]] == [1290 + 490]
    assert books("liabilities:orders") == [1290]


def test_what_is_paid_back_once_more_by_hand_is_not_gone_twice() -> None:
    # Given a cancellation whose refund came back, and another refund in its place
    mug, order = sell_mugs(2)
    cancel(order, (mug, 1))
    refund = Refund.objects.get()
    with transaction():
        settle_refund(refund_uuid=refund.uuid, outcome=RefundFailed(None, reason="account_closed"), now=NOW)
        for jurisdiction, minor in (("", 1084), ("de", 206)):
            wanted = Wanted(mug.sku, jurisdiction, Money(minor, "EUR"), alone=True)
            request_refund(order_reference=order.session.public_id, parts=[wanted], reason="again", now=NOW)
    # When
    body = ship(order)
    # Then
    assert [each["amount_minor"] for each in body["shipments"]] == [1290 + 490]
    assert (books("liabilities:orders"), wrong()) == ([0], [])
