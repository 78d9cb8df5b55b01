"""No amount is sent that Stripe would take for another sum."""

from uuid import uuid4

import pytest
from iso4217 import Currency

from ledger.money import Money
from payments.psp.outcomes import Declined, NotSent
from payments.psp.stripe import StripeAdapter
from payments.psp.stripe_currencies import is_counted_alike


@pytest.fixture
def adapter() -> StripeAdapter:
    """An adapter that cannot send anything: nobody listens on the discard port."""
    return StripeAdapter(
        api_key="sk_test_tests",
        webhook_secret="whsec_test",
        api_base="http://127.0.0.1:9",
        connect_timeout_seconds=1,
        read_timeout_seconds=1,
    )


def _authorize(adapter: StripeAdapter, currency: str) -> object:
    return adapter.authorize(
        key="k", attempt_id=uuid4(), money=Money(5000, currency), token="pm_card_visa", capture=True, description=""
    )


@pytest.mark.parametrize("currency", ["ISK", "UGX", "MGA"])
def test_a_currency_that_stripe_counts_otherwise_is_not_sent(adapter: StripeAdapter, currency: str) -> None:
    outcome = _authorize(adapter, currency)
    assert isinstance(outcome, Declined)
    assert (outcome.reason, outcome.psp_reference) == ("not_supported", None)


@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD"])
def test_a_currency_that_stripe_counts_as_we_do_is_sent(adapter: StripeAdapter, currency: str) -> None:
    assert isinstance(_authorize(adapter, currency), NotSent)


def test_of_all_currencies_few_are_counted_otherwise() -> None:
    known = [currency.value for currency in Currency if currency.exponent is not None]
    assert {code for code in known if not is_counted_alike(code)} == {
        # At Stripe these have other minor units.
        *("ISK", "MGA", "UGX"),
        # These Stripe does not take at all.
        *("CLF", "IQD", "LYD", "UYI", "UYW"),
    }
