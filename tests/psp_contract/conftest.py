"""The contract runs on each server in turn, as a process of its own that sends its webhooks here."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from ledger.money import Money
from payments.psp.base import PspAdapter
from payments.psp.news import CaptureEvent, PaymentEvent, RefundEvent, WebhookEvent
from payments.psp.outcomes import (
    Approved,
    AuthorizeOutcome,
    CaptureOutcome,
    CapturePending,
    Pending,
    RefundOutcome,
    RefundPending,
    Voided,
    VoidOutcome,
)
from tests.processes import Program, running
from tests.psp_contract.backends import SERVERS
from tests.psp_contract.calls import EUR
from tests.psp_contract.pairs import Abilities, Server
from tests.waiting import eventually
from tests.webhook_endpoint import Endpoint

type Outcome = CaptureOutcome | VoidOutcome | RefundOutcome


@dataclass(frozen=True, slots=True)
class Backend:
    """A server that runs, our adapter for it, and where its webhooks go."""

    server: Server
    program: Program
    adapter: PspAdapter
    endpoint: Endpoint

    @property
    def can(self) -> Abilities:
        return self.server.can

    def authorize(
        self,
        token: str | None = None,
        *,
        capture: bool = True,
        attempt: UUID | None = None,
        money: Money = EUR,
        adapter: PspAdapter | None = None,
    ) -> AuthorizeOutcome:
        """Ask for money."""
        attempt = attempt or uuid4()
        return (adapter or self.adapter).authorize(
            key=f"{attempt}:authorize:1",
            attempt_id=attempt,
            money=money,
            token=token or self.server.psp.good_card,
            capture=capture,
            description="A test",
        )

    def approved(self, *, capture: bool = True) -> Approved:
        """Ask for money and get it."""
        outcome = self.authorize(capture=capture)
        assert isinstance(outcome, Approved), outcome
        return self.taken(outcome) if capture else outcome

    def taken(self, approved: Approved) -> Approved:
        """Return a payment as it stands once it is taken, which some PSPs do by themselves after they have answered."""
        found: list[object] = [approved]

        def is_taken() -> bool:
            found[:] = [self.adapter.retrieve(attempt_id=uuid4(), psp_reference=approved.psp_reference)]
            return isinstance(found[0], Approved) and found[0].captured

        if not approved.captured:
            eventually(is_taken, f"{approved} is taken")
        assert isinstance(found[0], Approved)
        return found[0]

    def capture(self, payment: str, *, money: Money = EUR, key: str = "", final: bool = True) -> Outcome:
        """Take an authorised payment, or part of it."""
        capture = uuid4()
        outcome = self.adapter.capture(
            key=key or f"{capture}:capture:1", capture_id=capture, psp_reference=payment, money=money, final=final
        )
        return self.settled(outcome)

    def void(self, payment: str, *, key: str = "") -> Outcome:
        """Let go of a payment."""
        return self.settled(self.adapter.void(key=key or f"{uuid4()}:void:1", psp_reference=payment))

    def refund(self, payment: str, minor: int) -> Outcome:
        """Pay a payment back, or part of it."""
        refund = uuid4()
        outcome = self.adapter.refund(
            key=f"{refund}:refund:1", psp_reference=payment, refund_id=refund, money=Money(minor, "EUR")
        )
        return self.settled(outcome)

    def settled(self, outcome: Outcome) -> Outcome:
        """Return what was answered or, where the PSP was to decide later, what its webhook told then."""
        if not isinstance(outcome, CapturePending | Pending | RefundPending):
            return outcome
        told: list[Outcome] = []

        def is_told() -> bool:
            told[:] = [said for news in self.news() if (said := _of(news, outcome)) is not None]
            return bool(told)

        eventually(is_told, f"a webhook tells what became of {outcome}")
        return told[-1]

    def news(self) -> list[WebhookEvent]:
        """Return what the webhooks say that have come, each checked as the view does it."""
        now = datetime.now(UTC)
        for body, headers in self.endpoint.taken:
            self.adapter.verify_webhook(headers=headers, body=body, now=now)
        return [news for body, _ in self.endpoint.taken for news in self.adapter.parse_webhook(body=body)]


def _of(news: WebhookEvent, pending: CapturePending | Pending | RefundPending) -> Outcome | None:
    """Return how what was pending has ended, where this tells."""
    match news, pending:
        case CaptureEvent(), CapturePending() if news.psp_reference == pending.psp_reference:
            return news.outcome
        case RefundEvent(), RefundPending() if news.psp_reference == pending.psp_reference:
            return news.outcome
        case PaymentEvent(outcome=Voided() as voided), Pending() if news.psp_reference == pending.psp_reference:
            return voided
    return None


@pytest.fixture(scope="module", params=list(SERVERS))
def backend(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    server = SERVERS[request.param]
    directory = tmp_path_factory.mktemp(request.param.replace(" ", "-"))
    with running(server.program(directory)) as program, closing(Endpoint()) as endpoint:
        server.send_webhooks(program.url, endpoint.url)
        yield Backend(server, program, server.psp.adapter_at(program.url), endpoint)
