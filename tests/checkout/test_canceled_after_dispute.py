"""What is canceled is paid back once: by us or by the buyer's bank, in whatever order the two have it."""

from datetime import timedelta

import pytest

from checkout.models import Order
from payments.models import Attempt, Dispute, Refund
from payments.refund import send_refund
from payments.states import DisputeState
from tests.checkout.disputes import TWO_MUGS, dispute, paid_back
from tests.checkout.orders import (
    books,
    cancel,
    pay_back,
    refund_by_hand,
    review,
    sell_mugs,
    ship,
    take_back,
    wrong,
)
from tests.factories import NOW

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]

D = DisputeState


def test_what_the_bank_has_kept_of_a_canceled_order_is_owed_no_more_and_no_loss() -> None:
    # Given
    _, order = sell_mugs(2)
    dispute(D.LOST, TWO_MUGS)
    # When
    body = cancel(order)
    # Then
    assert (body["state"], paid_back()) == ("canceled", 0)
    assert books("liabilities:orders", "expenses:chargebacks", "liabilities:refunds") == [0, 0, 0]
    assert (Dispute.objects.get().offset_minor, wrong()) == (TWO_MUGS, [])


def test_of_goods_that_were_sent_the_chargeback_stays_a_loss() -> None:
    # Given one of two mugs sent, with the parcel
    mug, order = sell_mugs(2)
    ship(order, (mug, 1))
    dispute(D.LOST, TWO_MUGS)
    # When
    cancel(order)
    # Then
    assert books("liabilities:orders", "expenses:chargebacks") == [0, 1780]
    assert wrong() == []


def test_a_dispute_that_turns_after_all_owes_the_buyer_the_refund() -> None:
    # Given
    _, order = sell_mugs(2)
    dispute(D.LOST, TWO_MUGS)
    cancel(order)
    # When it is won, lost and won once more
    for state, owed in [(D.WON, TWO_MUGS), (D.LOST, 0), (D.WON, TWO_MUGS)]:
        dispute(state, TWO_MUGS)
        # Then the buyer is owed it exactly while the bank does not have it for him
        assert (paid_back(), books("liabilities:orders", "expenses:chargebacks")) == (owed, [0, 0])
        assert wrong() == []
    pay_back()
    assert (Attempt.objects.get().refunded_minor, Order.objects.get().state, wrong()) == (TWO_MUGS, "canceled", [])


def test_a_refund_that_was_sent_before_the_dispute_was_lost_again_is_a_loss() -> None:
    # Given a refund that is with the PSP
    _, order = sell_mugs(2)
    dispute(D.LOST, TWO_MUGS)
    cancel(order)
    dispute(D.WON, TWO_MUGS)
    pay_back()
    # When
    dispute(D.LOST, TWO_MUGS)
    # Then
    assert books("liabilities:orders", "expenses:chargebacks") == [0, TWO_MUGS]
    assert wrong() == []


def test_a_refund_that_a_dispute_called_back_is_promised_again_when_that_is_won() -> None:
    # Given
    _, order = sell_mugs(2)
    cancel(order)
    # When
    dispute(D.NEEDS_RESPONSE, TWO_MUGS)
    # Then nothing is paid while the bank decides
    assert (paid_back(), books("liabilities:orders"), wrong()) == (0, [TWO_MUGS], [])
    # And once it has, the buyer has it from us, and no third time
    dispute(D.WON, TWO_MUGS)
    assert [review(order), review(order)] == ["canceled", "canceled"]
    assert (paid_back(), books("liabilities:orders", "liabilities:refunds"), wrong()) == (TWO_MUGS, [0, TWO_MUGS], [])
    assert [row.state for row in Refund.objects.order_by("pk")] == ["canceled", "pending"]


def test_a_refund_of_a_return_is_promised_again_as_well() -> None:
    # Given
    mug, order = sell_mugs(2)
    ship(order)
    take_back(order, (mug, 1))
    dispute(D.UNDER_REVIEW, TWO_MUGS)
    assert paid_back() == 0
    # When
    dispute(D.WON, TWO_MUGS)
    # Then it comes off what was earned
    assert (paid_back(), books("revenue:refunds", "liabilities:orders")) == (1290, [1084, 0])
    assert wrong() == []


def test_a_refund_that_people_asked_for_in_its_place_is_not_promised_twice() -> None:
    # Given one of two mugs canceled; a dispute of all but EUR 5.00 calls its refund back, and a person pays EUR 5.00
    mug, order = sell_mugs(2)
    cancel(order, (mug, 1))
    dispute(D.NEEDS_RESPONSE, TWO_MUGS - 500)
    refund_by_hand(order, 500)
    # When
    dispute(D.WON, TWO_MUGS - 500)
    # Then no part is paid back twice
    assert wrong() == []
    cancel(order)
    assert (paid_back(), books("liabilities:orders"), wrong()) == (TWO_MUGS, [0], [])


def test_what_the_bank_leaves_is_paid_back_and_the_rest_set_off() -> None:
    # Given
    mug, order = sell_mugs(2)
    dispute(D.LOST, 2000)
    # When
    cancel(order, (mug, 1))
    cancel(order)
    # Then
    assert (paid_back(), Dispute.objects.get().offset_minor) == (TWO_MUGS - 2000, 2000)
    assert (books("liabilities:orders", "expenses:chargebacks"), wrong()) == ([0, 0], [])
    # And when it turns, all of it is paid back
    dispute(D.WON, 2000)
    assert (paid_back(), wrong()) == (TWO_MUGS, [])


def test_of_two_disputes_the_one_that_turns_gives_back_its_own() -> None:
    # Given
    _, order = sell_mugs(2)
    dispute(D.LOST, 1000)
    dispute(D.LOST, 2000, reference="du_2")
    cancel(order)
    assert [(row.amount_minor, row.offset_minor) for row in Dispute.objects.order_by("pk")] == [
        (1000, 1000),
        (2000, 2000),
    ]
    # When
    dispute(D.WON, 1000)
    # Then
    assert (paid_back(), books("liabilities:orders", "expenses:chargebacks")) == (TWO_MUGS - 2000, [0, 0])
    assert wrong() == []


@pytest.mark.parametrize("canceled_first", [True, False])
def test_what_a_lost_dispute_has_given_the_buyer_is_not_paid_by_us_as_well(canceled_first: bool) -> None:
    # Given one of two mugs shipped
    mug, order = sell_mugs(2)
    ship(order, (mug, 1))
    # When the other one is canceled, and the bank gives the buyer more than it cost
    if canceled_first:
        cancel(order)
        dispute(D.NEEDS_RESPONSE, 2000)
    dispute(D.LOST, 2000)
    if not canceled_first:
        cancel(order)
    # Then that is all the buyer gets
    assert (paid_back(), books("liabilities:orders", "expenses:chargebacks")) == (0, [0, 2000 - 1290])
    assert wrong() == []


def test_what_a_lost_dispute_has_given_for_a_return_is_not_paid_by_us_as_well() -> None:
    # Given
    mug, order = sell_mugs(2)
    ship(order)
    take_back(order, (mug, 1))
    dispute(D.NEEDS_RESPONSE, 2000)
    # When
    dispute(D.LOST, 2000)
    # Then
    assert (paid_back(), wrong()) == (0, [])


def test_what_of_returns_is_more_than_the_bank_has_given_is_paid_by_us() -> None:
    # Given
    mug, order = sell_mugs(2)
    ship(order)
    take_back(order, (mug, 2))
    dispute(D.NEEDS_RESPONSE, 1000)
    # When
    dispute(D.LOST, 1000)
    # Then, however often it is looked at
    assert (review(order), review(order)) == ("shipped", "shipped")
    assert (paid_back(), wrong()) == (2 * 1290 - 1000, [])


def test_what_people_paid_before_a_dispute_does_not_take_the_place_of_what_that_calls_off() -> None:
    # Given one of two mugs shipped, the other one canceled; and EUR 5.00 for a scratch, paid out at once
    mug, order = sell_mugs(2)
    ship(order, (mug, 1))
    cancel(order)
    refund_by_hand(order, 500)
    send_refund(refund_uuid=Refund.objects.get(reason="duplicate").uuid, now=NOW)
    # When a dispute calls the canceled mug's refund back, and is won
    later = NOW + timedelta(hours=1)
    dispute(D.NEEDS_RESPONSE, 2000, now=later)
    dispute(D.WON, 2000, now=later)
    # Then the buyer has both
    assert (paid_back(), books("liabilities:orders"), wrong()) == (1290 + 500, [0], [])
