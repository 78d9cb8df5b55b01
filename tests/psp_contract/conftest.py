"""The contract runs on each server in turn, as a process of its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from ledger.money import Money
from payments.psp.outcomes import Approved, AuthorizeOutcome, CaptureOutcome
from payments.psp.stripe import StripeAdapter
from tests.processes import Program, running
from tests.psp_contract.backends import SERVERS, Abilities, Server, adapter_at

EUR = Money(1290, "EUR")


@dataclass(frozen=True, slots=True)
class Backend:
    """A server that runs, and our adapter for it."""

    server: Server
    program: Program
    adapter: StripeAdapter

    @property
    def can(self) -> Abilities:
        return self.server.can

    def authorize(
        self,
        token: str = "pm_card_visa",
        *,
        capture: bool = True,
        attempt: UUID | None = None,
        money: Money = EUR,
        adapter: StripeAdapter | None = None,
    ) -> AuthorizeOutcome:
        """Ask for money."""
        attempt = attempt or uuid4()
        return (adapter or self.adapter).authorize(
            key=f"{attempt}:authorize:1",
            attempt_id=attempt,
            money=money,
            token=token,
            capture=capture,
            description="A test",
        )

    def capture(self, payment: str, *, money: Money = EUR, key: str = "", final: bool = True) -> CaptureOutcome:
        """Take an authorised payment, or part of it."""
        capture = uuid4()
        return self.adapter.capture(
            key=key or f"{capture}:capture:1", capture_id=capture, psp_reference=payment, money=money, final=final
        )

    def approved(self, *, capture: bool = True) -> Approved:
        """Ask for money and get it."""
        outcome = self.authorize(capture=capture)
        assert isinstance(outcome, Approved), outcome
        return outcome


@pytest.fixture(scope="module", params=list(SERVERS))
def backend(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    server = SERVERS[request.param]
    with running(server.program(tmp_path_factory.mktemp(request.param))) as program:
        yield Backend(server, program, adapter_at(program.url))
