"""What every adapter promises, against every server that speaks its protocol."""

from uuid import UUID, uuid4

import pytest

from ledger.money import Money
from payments.psp.base import (
    Approved,
    AuthorizeOutcome,
    Declined,
    NotFoundAtPsp,
    RefundFailed,
    RefundSucceeded,
    RequiresAction,
    Unknown,
    Voided,
)
from tests.psp_contract.conftest import Backend

EUR = Money(1290, "EUR")


def _authorize(
    backend: Backend, token: str = "pm_card_visa", *, capture: bool = True, attempt: UUID | None = None
) -> AuthorizeOutcome:
    attempt = attempt or uuid4()
    return backend.adapter.authorize(
        key=f"{attempt}:authorize:1", attempt_id=attempt, money=EUR, token=token, capture=capture, description="test"
    )


def _approved(backend: Backend, *, capture: bool = True) -> Approved:
    outcome = _authorize(backend, capture=capture)
    assert isinstance(outcome, Approved)
    return outcome


def test_a_good_card_is_captured_at_once(backend: Backend) -> None:
    outcome = _approved(backend)
    assert (outcome.captured, outcome.money) == (True, EUR)


def test_a_payment_can_be_authorised_and_captured_later(backend: Backend) -> None:
    held = _approved(backend, capture=False)
    assert (held.captured, held.money) == (False, EUR)
    taken = backend.adapter.capture(key=f"{uuid4()}", psp_reference=held.psp_reference, money=EUR)
    assert taken == Approved(held.psp_reference, captured=True, money=EUR)


def test_part_of_an_authorisation_can_be_captured(backend: Backend) -> None:
    held = _approved(backend, capture=False)
    part = Money(1000, "EUR")
    taken = backend.adapter.capture(key=f"{uuid4()}", psp_reference=held.psp_reference, money=part)
    reported = part if backend.reports_captured_part else EUR
    assert taken == Approved(held.psp_reference, captured=True, money=reported)


def test_a_declined_card_is_a_decline(backend: Backend) -> None:
    outcome = _authorize(backend, backend.declining_token)
    assert isinstance(outcome, Declined)
    reason = "insufficient_funds" if backend.declines_name_a_reason else "card_declined"
    assert (outcome.reason, outcome.soft) == (reason, backend.declines_name_a_reason)


def test_an_unknown_token_is_a_decline(backend: Backend) -> None:
    assert isinstance(_authorize(backend, "pm_nobody"), Declined)


def test_an_authorisation_can_be_voided(backend: Backend) -> None:
    held = _approved(backend, capture=False)
    voided = backend.adapter.void(key=f"{uuid4()}", psp_reference=held.psp_reference)
    assert voided == Voided(held.psp_reference)
    assert backend.adapter.retrieve(attempt_id=uuid4(), psp_reference=held.psp_reference) == voided


def test_what_is_captured_cannot_be_voided(backend: Backend) -> None:
    taken = _approved(backend)
    assert isinstance(backend.adapter.void(key=f"{uuid4()}", psp_reference=taken.psp_reference), Declined)


def test_a_capture_can_be_refunded(backend: Backend) -> None:
    taken = _approved(backend)
    outcome = backend.adapter.refund(
        key=f"{uuid4()}", psp_reference=taken.psp_reference, refund_id=uuid4(), money=Money(290, "EUR")
    )
    assert isinstance(outcome, RefundSucceeded)
    assert outcome.money == Money(290, "EUR")


def test_more_than_was_captured_is_not_refunded(backend: Backend) -> None:
    taken = _approved(backend)
    outcome = backend.adapter.refund(
        key=f"{uuid4()}", psp_reference=taken.psp_reference, refund_id=uuid4(), money=Money(1291, "EUR")
    )
    expected = RefundFailed if backend.refuses_too_large_refunds else RefundSucceeded
    assert isinstance(outcome, expected)


def test_a_payment_is_looked_up_by_the_psps_reference(backend: Backend) -> None:
    taken = _approved(backend)
    assert backend.adapter.retrieve(attempt_id=uuid4(), psp_reference=taken.psp_reference) == taken


def test_a_payment_that_is_not_there_is_no_evidence(backend: Backend) -> None:
    assert isinstance(backend.adapter.retrieve(attempt_id=uuid4(), psp_reference="pi_nowhere"), Unknown)


def test_a_payment_is_looked_up_by_our_attempt(backend: Backend) -> None:
    attempt = uuid4()
    taken = _authorize(backend, attempt=attempt)
    found = backend.adapter.retrieve(attempt_id=attempt, psp_reference=None)
    other = backend.adapter.retrieve(attempt_id=uuid4(), psp_reference=None)
    if backend.searches:
        assert (found, other) == (taken, NotFoundAtPsp())
    else:
        # A server without search answers something else: never taken for "it is not there".
        assert isinstance(found, Unknown)
        assert isinstance(other, Unknown)


def test_the_same_key_charges_once(backend: Backend) -> None:
    attempt = uuid4()
    first, second = _authorize(backend, attempt=attempt), _authorize(backend, attempt=attempt)
    # localstripe knows no idempotency keys: there each call is a charge of its own, which is why we do not lean on it.
    assert (first == second) is backend.remembers_keys


def test_three_d_secure_sends_the_buyer_on(backend: Backend) -> None:
    if not backend.asks_three_d_secure:
        assert isinstance(_authorize(backend, "pm_card_authenticationRequired"), Declined)
        return
    outcome = _authorize(backend, "pm_card_authenticationRequired")
    assert isinstance(outcome, RequiresAction)
    assert outcome.redirect_url.startswith(backend.program.url)


@pytest.mark.parametrize(("code", "exponent"), [("JPY", 0), ("KWD", 3)])
def test_amounts_travel_in_minor_units_whatever_their_exponent(backend: Backend, code: str, exponent: int) -> None:
    attempt = uuid4()
    outcome = backend.adapter.authorize(
        key=f"{attempt}",
        attempt_id=attempt,
        money=Money(5 * 10**exponent, code),
        token="pm_card_visa",
        capture=True,
        description="",
    )
    assert isinstance(outcome, Approved)
    assert outcome.money == Money(5 * 10**exponent, code)
