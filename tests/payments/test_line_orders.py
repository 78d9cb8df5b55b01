"""Webhooks, look-ups and settlement lines of the same money lead to the same books in every order."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest
from django_subatomic.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from exactly_once.models import OutboxEvent
from ledger.accounts import open_book
from ledger.money import Money
from payments.begin_attempt import Charge, begin_attempt
from payments.dispute import settle_dispute
from payments.errors import PaymentRefused
from payments.models import Attempt, Dispute, PaymentIntent, Payout, Refund, SettlementLine
from payments.payout import settle_payout
from payments.psp.news import DisputeEvent, PayoutEvent
from payments.psp.outcomes import Approved, RefundFailed, RefundSucceeded, Unknown
from payments.psp.settlement import SettlementLine as ToldLine
from payments.refund import request_refund
from payments.routing import Token
from payments.settle_attempt import settle_attempt
from payments.settle_line import settle_line
from payments.settle_refund import settle_refund
from payments.states import DisputeState, LineKind, PayoutState
from tests.campaigns import PAYMENTS
from tests.factories import NOW
from tests.payments.holding import EUR, assert_in_order
from tests.payments.settling import balances, converted, read, told

pytestmark = pytest.mark.django_db(transaction=True)

K, D = LineKind, DisputeState
PART, FEE = Money(290, "EUR"), Money(1500, "EUR")
NUMBERS = itertools.count(1)
EXAMPLES = PAYMENTS.effort(8, 200)

type Step = Callable[[], bool]  # whether it has had its effect; what has not comes again


@dataclass(frozen=True)
class Story:
    """One payment at the PSP, by the names that everything about it has."""

    number: int
    attempt: UUID

    def line(self, kind: LineKind, minor: int, *, original: Money | None = None, **more: Any) -> Step:
        """Return the reading of a line about it."""
        plain = told(kind, minor, **more)
        line = replace(
            plain,
            line_id=f"{plain.line_id}_{self.number}",
            psp_reference=self._own(plain.psp_reference),
            payment_reference=self._own(plain.payment_reference),
        )
        return _settling(line if original is None else converted(line, original, None))

    def _own(self, reference: str) -> str:
        return reference and reference.replace("_1", f"_{self.number}")

    def approved(self) -> bool:
        outcome = Approved(f"pi_{self.number}", captured=True, money=EUR)
        return _done(lambda: settle_attempt(attempt_uuid=self.attempt, outcome=outcome, now=NOW))

    def disputed(self, state: DisputeState) -> Step:
        event = DisputeEvent(f"du_{self.number}", f"pi_{self.number}", state, EUR, reason="fraudulent", fee=FEE)
        attempt = Attempt.objects.get(uuid=self.attempt)
        return lambda: _done(lambda: settle_dispute(attempt=attempt, event=event, now=NOW))

    def paid_out(self, state: PayoutState, minor: int) -> Step:
        event = PayoutEvent(f"po_{self.number}", state, Money(minor, "EUR"))
        return lambda: _done(lambda: settle_payout(psp="stripe", account="main", event=event, now=NOW))

    def refunded(self, outcome: RefundSucceeded | RefundFailed) -> Step:
        refund = Refund.objects.get(attempt__uuid=self.attempt)
        return lambda: _done(lambda: settle_refund(refund_uuid=refund.uuid, outcome=outcome, now=NOW))


def _settling(line: ToldLine) -> Step:
    def step() -> bool:
        (row,) = read(line)
        return settle_line(line_pk=row.pk, now=NOW) != "new"

    return step


def _done(verb: Callable[[], object]) -> bool:
    try:
        with transaction():
            verb()
    except PaymentRefused:
        return False  # the inbox tries again
    return True


def begin() -> Story:
    """Ask for money, and hear nothing."""
    number = next(NUMBERS)
    token = [Token("stripe", "pm_card_visa")]
    with transaction():
        open_book(code="shop", name="Shop", now=NOW)
        wish = Charge("shop", "cli_test", f"chk_{number}", EUR, "", token, captures_at_once=True)
        attempt = begin_attempt(charge=wish, now=NOW)
        settle_attempt(attempt_uuid=attempt, outcome=Unknown("time-out"), now=NOW)
    return Story(number, attempt)


def sold_and_disputed(story: Story) -> list[Step]:
    """Tell of a payment that a bank took back and lost, and of what was left being paid out: line, webhook, look-up."""
    return [
        story.approved,
        story.approved,
        story.line(K.CHARGE, 1290, fee=43, our_id=story.attempt),
        story.disputed(D.NEEDS_RESPONSE),
        story.line(K.DISPUTE, -1290, fee=1500),
        story.disputed(D.WON),
        story.line(K.DISPUTE_REVERSAL, 1290),
        story.paid_out(PayoutState.PAID, 1000),
        story.line(K.PAYOUT, -1000),
        story.line(K.FEE, 0, fee=7),
    ]


def refunded_and_returned(story: Story) -> list[Step]:
    """Tell of a refund that the buyer's bank returned, and a payout that ours did."""
    story.approved()
    with transaction():
        request_refund(order_reference=f"chk_{story.number}", money=PART, reason="test", now=NOW)
    reference = f"re_{story.number}"
    return [
        story.refunded(RefundSucceeded(reference, PART)),
        story.refunded(RefundFailed(reference, reason="returned")),
        story.line(K.CHARGE, 1290, fee=43),
        story.line(K.REFUND, -290),
        story.line(K.REFUND_FAILURE, 290),
        story.paid_out(PayoutState.PAID, 1000),
        story.paid_out(PayoutState.FAILED, 1000),
        story.line(K.PAYOUT, -1000),
        story.line(K.PAYOUT_RETURN, 1000),
    ]


def settled_in_dollars(story: Story) -> list[Step]:
    """Tell of a payment and its refund that the PSP converts."""
    story.approved()
    with transaction():
        request_refund(order_reference=f"chk_{story.number}", money=PART, reason="test", now=NOW)
    return [
        story.approved,
        story.line(K.CHARGE, 1400, fee=45, currency="USD", original=EUR),
        story.refunded(RefundSucceeded(f"re_{story.number}", PART)),
        story.line(K.REFUND, -320, currency="USD", original=-PART),
    ]


def told_in(tell: Callable[[Story], list[Step]], order: list[int]) -> dict[str, Any]:
    """Tell a new story in this order; what cannot have its effect yet comes again. Return what came of it."""
    before = balances(), balances("USD")
    story = begin()
    steps = tell(story)
    waiting = [steps[place] for place in order]
    while waiting:
        left = [step for step in waiting if not step()]
        assert len(left) < len(waiting), "nothing gets any further"
        waiting = left
    intent = PaymentIntent.objects.get(order_reference=f"chk_{story.number}")
    of_intent = {"attempt__intent": intent}
    lines = SettlementLine.objects.filter(line_id__endswith=f"_{story.number}")
    return {
        "moved": [_moved(was, now) for was, now in zip(before, (balances(), balances("USD")), strict=True)],
        "intent": intent.state,
        "attempts": list(intent.attempts.values_list("state", "captured_minor", "refunded_minor", "disputed_minor")),
        "refunds": list(Refund.objects.filter(**of_intent).values_list("state", flat=True)),
        "disputes": list(Dispute.objects.filter(**of_intent).values_list("state", "fee_minor", "turns")),
        "payouts": list(Payout.objects.filter(psp_reference=f"po_{story.number}").values_list("state", flat=True)),
        "lines": sorted(lines.values_list("kind", "state")),
        "successes": OutboxEvent.objects.filter(type="payment_intent.succeeded", aggregateid=intent.public_id).count(),
    }


def _moved(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    moved = {name: after.get(name, 0) - before.get(name, 0) for name in before.keys() | after.keys()}
    return {name: minor for name, minor in moved.items() if minor}


STORIES: list[tuple[Callable[[Story], list[Step]], list[dict[str, int]]]] = [
    (
        sold_and_disputed,
        [{"receivable": -1260, "bank": 1000, "fees": 50, "dispute fees": 1500, "orders": 1290}, {}],
    ),
    (refunded_and_returned, [{"receivable": 1247, "fees": 43, "orders": 1290}, {}]),
    (settled_in_dollars, [{"orders": 1000, "fx": -1000}, {"receivable": 1035, "fees": 45, "fx": 1080}]),
]


@pytest.mark.parametrize(("tell", "moved"), STORIES, ids=[story.__name__ for story, _ in STORIES])
def test_every_order_and_repetition_leads_to_the_same_books(
    tell: Callable[[Story], list[Step]], moved: list[dict[str, int]]
) -> None:
    # Given what comes of the news in the order in which it happened
    steps = len(tell(begin()))
    straight = told_in(tell, list(range(steps)))
    assert straight["moved"] == moved
    assert {state for _, state in straight["lines"]} == {"matched"}
    again = st.lists(st.integers(0, steps - 1), max_size=4)

    # When it comes in any other way
    @hypothesis_settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
    @given(st.permutations(range(steps)), again)
    def is_the_same(order: list[int], repeated: list[int]) -> None:
        # Then
        assert told_in(tell, [*order, *repeated]) == straight

    is_the_same()
    assert_in_order()
