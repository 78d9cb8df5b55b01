"""The servers that the contract is held against: our simulator, and localstripe, which others wrote."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from payments.psp.stripe import StripeAdapter
from tests.processes import Program, localstripe, running, simulator


@dataclass(frozen=True, slots=True)
class Backend:
    """A server and what it can do; what it cannot is data, so that nothing is left out unseen."""

    adapter: StripeAdapter
    program: Program
    declining_token: str
    declines_name_a_reason: bool
    remembers_keys: bool
    searches: bool
    reports_captured_part: bool
    asks_three_d_secure: bool
    refuses_too_large_refunds: bool


def adapter_at(url: str, *, read_timeout_seconds: float = 5.0, return_url: str = "") -> StripeAdapter:
    return StripeAdapter(
        api_key="sk_test_contract",
        webhook_secret="whsec_test",
        api_base=url,
        connect_timeout_seconds=1.0,
        read_timeout_seconds=read_timeout_seconds,
        return_url=return_url,
    )


@pytest.fixture(scope="module", params=["simulator", "localstripe"])
def backend(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    directory = tmp_path_factory.mktemp(request.param)
    ours = request.param == "simulator"
    with running(simulator(directory) if ours else localstripe(directory)) as program:
        yield Backend(
            adapter=adapter_at(program.url),
            program=program,
            declining_token="pm_card_chargeDeclinedInsufficientFunds" if ours else "pm_card_chargeCustomerFail",
            declines_name_a_reason=ours,
            remembers_keys=ours,
            searches=ours,
            reports_captured_part=ours,
            asks_three_d_secure=ours,
            refuses_too_large_refunds=ours,
        )
