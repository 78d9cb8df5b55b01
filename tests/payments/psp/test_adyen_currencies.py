"""No amount is sent that Adyen would take for another sum."""

from uuid import uuid4

import pytest

from ledger.money import Money
from payments.psp.adyen_currencies import is_counted_alike
from payments.psp.outcomes import Declined, NotSent
from tests.processes import free_port
from tests.psp_contract.adyen.backend import adapter_at, token


def _authorize(currency: str) -> object:
    return adapter_at(f"http://127.0.0.1:{free_port()}").authorize(
        key="key", attempt_id=uuid4(), money=Money(5000, currency), token=token("pays"), capture=True, description=""
    )


@pytest.mark.parametrize("currency", ["CLP", "CVE", "IDR", "ISK"])
def test_a_currency_that_adyen_counts_otherwise_is_not_sent(currency: str) -> None:
    outcome = _authorize(currency)
    assert not is_counted_alike(currency)
    assert isinstance(outcome, Declined)
    assert (outcome.reason, outcome.soft) == ("not_supported", True)


@pytest.mark.parametrize("currency", ["EUR", "USD", "JPY", "KWD", "TND", "VND", "MGA"])
def test_a_currency_that_adyen_counts_as_we_do_is_sent(currency: str) -> None:
    assert is_counted_alike(currency)
    assert isinstance(_authorize(currency), NotSent)
