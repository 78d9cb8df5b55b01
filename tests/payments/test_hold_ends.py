"""A hold ends once: voided or expired, at the PSP and in the books."""

import pytest
from django_subatomic.db import transaction

from ledger import queries as ledger
from payments.errors import PaymentRefused
from payments.models import Attempt, Capture, Void
from payments.psp.outcomes import Approved, Expired, Voided
from payments.void import request_void, send_void
from tests.factories import NOW
from tests.payments.holding import EUR, ORDER, RECEIVABLE, ask, assert_in_order, hold, lines, news, reference, states
from tests.psp import Psp

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]


def available() -> tuple[int, int]:
    """Return what the PSP owes us, and what it would owe us if every hold were taken."""
    found = ledger.balance(book="shop", account=RECEIVABLE, currency="EUR")
    return found.balance.amount_minor, found.balance.amount_minor + found.pending_debits_minor


@pytest.mark.parametrize(("outcome", "kind"), [(Voided, "payment.voided"), (Expired, "payment.expired")])
def test_a_hold_that_ends_at_the_psp_ends_in_the_books(outcome: type[Voided | Expired], kind: str) -> None:
    # Given a capture that comes too late
    attempt = hold()
    ask()
    # When
    for _ in range(2):
        news(attempt, outcome(reference()))
    # Then
    assert lines()[2:] == [(kind, RECEIVABLE, "RD", 1290), (kind, "liabilities:orders", "RC", 1290)]
    assert (Capture.objects.get().state, available()) == ("failed", (0, 0))
    # When news of the hold comes late: there is none any more
    assert news(attempt, Approved(reference(), captured=False, money=EUR)) == Attempt.objects.get().state
    assert_in_order()


def test_a_void_lets_go_of_the_hold_and_refuses_captures_meanwhile(psp: Psp) -> None:
    # Given
    attempt = hold()
    for _ in range(2):
        with transaction():
            assert request_void(order_reference=ORDER, now=NOW) == attempt
    assert Void.objects.count() == 1
    with pytest.raises(PaymentRefused) as refusal:
        ask()
    # When
    send_void(attempt_uuid=attempt, now=NOW)
    # Then
    assert refusal.value.code == "void_in_progress"
    assert (states()[:2], Void.objects.get().state) == (("canceled", "voided"), "succeeded")
    assert psp.charges() == [("canceled", 0, 0)]
    assert available() == (0, 0)


def test_a_void_that_comes_too_late_has_failed() -> None:
    attempt = hold()
    with transaction():
        request_void(order_reference=ORDER, now=NOW)
    news(attempt, Approved(reference(), captured=True, money=EUR))
    void = Void.objects.get()
    assert (void.state, void.failure_reason) == ("failed", "captured")
