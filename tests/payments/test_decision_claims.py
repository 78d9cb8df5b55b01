"""What cannot be so of a payment, or would lose sight of its money, is not even proposed."""

from uuid import UUID

import pytest

from ledger.money import Money
from payments.errors import PaymentRefused
from payments.propose_decision import Claim
from payments.psp.outcomes import Approved, Declined
from payments.states import DecisionOutcome
from tests.payments.deciding import LOST, breaks, claim, decided, doubtful, everything, propose
from tests.payments.findings import balances
from tests.payments.holding import EUR, ask, assert_in_order, begin, news, states

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]

HELD = Approved("pi_1", captured=False, money=EUR)
MORE = Approved("pi_1", captured=True, money=Money(1291, "EUR"))


def refused(attempt: UUID, said: Claim) -> str:
    """Return the code of the refusal; nothing has changed by it."""
    before = everything()
    with pytest.raises(PaymentRefused) as refusal:
        propose(attempt, said)
    assert everything() == before
    return refusal.value.code


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (claim("captured", Money(1289, "EUR")), "decision_of_another_sum"),
        (claim("captured", Money(1290, "USD")), "decision_of_another_sum"),
        (claim("authorized", Money(1291, "EUR")), "decision_of_another_sum"),
        (claim("authorized", Money(1289, "EUR")), "decision_of_another_sum"),
        (claim("voided", EUR), "decision_of_another_sum"),
        (Claim(DecisionOutcome.CAPTURED, "pi_1", None, "r", "e"), "decision_of_another_sum"),
        (claim("captured", reference=""), "decision_of_another_payment"),
        (claim("voided", reference=""), "decision_of_another_payment"),
        (Claim(DecisionOutcome.CAPTURED, "pi_1", EUR, " ", "e"), "decision_not_argued"),
        (Claim(DecisionOutcome.CAPTURED, "pi_1", EUR, "r", "\n"), "decision_not_argued"),
    ],
)
def test_what_cannot_be_so_is_not_proposed(said: Claim, code: str) -> None:
    assert refused(doubtful(), said) == code


def test_another_payment_than_the_attempts_is_not_decided() -> None:
    attempt = doubtful()
    news(attempt, MORE)
    assert refused(attempt, claim("captured", reference="pi_2")) == "decision_of_another_payment"


def test_a_payment_of_another_attempt_is_not_decided() -> None:
    # Given a payment that was declined as pi_1, and another attempt that is unknown
    news(begin(captures_at_once=True), Declined("pi_1", reason="card_declined", soft=False))
    second = begin(captures_at_once=True)
    news(second, LOST)
    # Then
    assert refused(second, claim("captured")) == "decision_of_another_payment"


def test_money_that_is_known_is_not_forgotten() -> None:
    # Given 5.00 taken of what is held, and 3.00 asked for
    attempt = begin()
    news(attempt, HELD)
    ask(500, final=False)
    news(attempt, Approved("pi_1", captured=True, money=Money(500, "EUR")))
    ask(300)
    news(attempt, Approved("pi_1", captured=True, money=Money(900, "EUR")))
    # Then
    assert refused(attempt, claim("declined")) == "decision_forgets_money"
    assert refused(attempt, claim("captured", Money(900, "EUR"))) == "decision_of_another_sum"
    assert refused(attempt, claim("captured", Money(500, "EUR"))) == "decision_of_another_sum"
    # When
    assert decided(attempt, claim("captured", Money(800, "EUR"))) == "captured"
    # Then
    assert (states(), balances(), breaks()) == (
        ("succeeded", "captured", 800),
        (800, 0),
        [("amount_mismatch", "explained", 400)],
    )
    assert_in_order()
