"""Who ends a checkout? The client's retry, the PSP's webhook and the completer race at every recovery point.

Each point is a place where the process that began may have died. Whoever comes first, and whoever else comes at the
same instant, there is one order, one charge and one answer.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from itertools import combinations_with_replacement

import pytest
from django.db import connection
from django_subatomic.db import transaction

from checkout.cancel_session import cancel_session
from checkout.complete_session import Payment, _begin
from checkout.errors import SessionBusy, SessionRefused
from checkout.expire import expire_session
from checkout.models import CheckoutSession, Order, StockItem
from exactly_once import inbox, keys
from exactly_once.errors import TryLater
from exactly_once.keys import Claim, KeyedRequest
from exactly_once.models import InboxEvent
from payments.ask_psp import _authorize, look_up
from payments.create_intent import Method
from payments.models import Attempt
from payments.psp.registry import get_adapter
from payments.refund import send_refund
from payments.routing import Token
from payments.sweep import claim_attempt, due_refunds
from payments.void import send_void
from tests.checkout.buyers import CLIENT, nothing_is_wrong, open_session, open_shop, pay, posted, postings, refuse
from tests.concurrency.crowd import crowd
from tests.factories import NOW
from tests.payments.test_event_orders import told_by
from tests.psp import Psp

pytestmark = pytest.mark.django_db(transaction=True)

GOOD, ASKS_FIRST, DROPS = "pm_card_visa", "pm_card_authenticationRequired", "pm_tally_dropReply"
LATER = NOW + timedelta(minutes=1)  # the lease of whoever began is over, the stock is still held
MUCH_LATER = NOW + timedelta(hours=1)  # the stock is not


# --- Recovery points: how the dead process left things ----------------------------------------------------------------


def _submitted(_psp: Psp, session: str) -> str:
    """Phase 1 is committed, and its process dies before a byte is sent."""
    keyed = KeyedRequest(client=CLIENT, key="k", fingerprint=GOOD.encode().ljust(32)[:32])
    payment = Payment(Method((Token("stripe", GOOD),)))
    claim = keys.once(
        keyed=keyed, now=NOW, lease_seconds=30, work=lambda c: _begin(c, CLIENT, session, payment, NOW), refuse=refuse
    )
    assert isinstance(claim, Claim)
    return GOOD


def _charged(psp: Psp, session: str) -> str:
    """The PSP has charged, and the process that asked it dies before it commits the answer."""
    token = _submitted(psp, session)
    _authorize(get_adapter(psp="stripe", account="main"), Attempt.objects.select_related("intent").get())
    return token


def _unknown(_psp: Psp, session: str) -> str:
    """The reply was lost."""
    assert pay(session, DROPS, key="k").status == 202
    return DROPS


def _approved_at_the_bank(psp: Psp, session: str) -> str:
    """The buyer has just told the bank yes."""
    answer = json.loads(pay(session, ASKS_FIRST, key="k").body)
    psp.answer_three_d_secure(answer["next_action"]["url"], "approve")
    return ASKS_FIRST


def _done(_psp: Psp, session: str) -> str:
    """Everything is done, and everybody comes once more."""
    assert pay(session, GOOD, key="k").status == 200
    return GOOD


POINTS: dict[str, Callable[[Psp, str], str]] = {
    "submitted": _submitted,
    "charged": _charged,
    "unknown": _unknown,
    "approved_at_the_bank": _approved_at_the_bank,
    "done": _done,
}


# --- Racers -----------------------------------------------------------------------------------------------------------


class Race:
    """One session, and those who want to end it."""

    def __init__(self, psp: Psp, session: str, token: str) -> None:
        self.psp, self.session, self.token = psp, session, token
        # What the PSP tells is on its way before anybody moves.
        self.events = [
            inbox.receive(
                source="stripe",
                account="main",
                event_id=event["id"],
                headers={},
                body=json.dumps(event).encode(),
                now=NOW,
            ).id
            for event in told_by(psp)
        ]

    def client(self) -> None:
        """Retry with the same key."""
        pay(self.session, self.token, key="k", now=LATER)

    def webhook(self) -> None:
        """Give every event its effect."""
        for event in self.events:
            inbox.process(event_id=event, now=LATER)

    def completer(self) -> None:
        """Do what the sweeper's task does."""
        for uuid in Attempt.objects.values_list("uuid", flat=True):
            if claim_attempt(attempt_uuid=uuid, now=LATER):
                send_void(attempt_uuid=uuid, now=LATER)
                look_up(attempt_uuid=uuid, now=LATER)

    def cancel(self) -> None:
        """Walk away."""
        with transaction():
            cancel_session(session_id=self.session, client=CLIENT, now=LATER)

    def expire(self) -> None:
        """Tidy up after a buyer who seems not to come back."""
        expire_session(session_id=self.session, client=CLIENT, now=MUCH_LATER)

    def run(self, *names: str) -> list[Exception]:
        """Have them start at the same instant, tie up loose ends, and return who was turned away."""
        results = crowd(len(names), lambda number: getattr(self, names[number])())
        self._tie_up()
        return [result for result in results if isinstance(result, Exception)]

    def _tie_up(self) -> None:
        """Do once more, alone, what workers do until nothing is open."""
        Attempt.objects.filter(next_check_at__isnull=False).update(next_check_at=NOW)
        self.completer()
        for event in InboxEvent.objects.exclude(state="processed"):
            inbox.try_again(event_ids=[event.pk], now=LATER)
            inbox.process(event_id=event.pk, now=LATER)
        for refund in due_refunds(now=MUCH_LATER, limit=10):
            send_refund(refund_uuid=refund, now=MUCH_LATER)


RACERS = ("client", "webhook", "completer")
PAIRS = list(combinations_with_replacement(RACERS, 2))
CAPTURED = posted("payment.captured", "assets:psp:stripe:receivable", "liabilities:orders")


@pytest.mark.parametrize("pair", PAIRS, ids="+".join)
@pytest.mark.parametrize("point", POINTS)
def test_whoever_resumes_there_is_one_order_one_charge_and_one_answer(
    psp: Psp, point: str, pair: tuple[str, str]
) -> None:
    # Given a checkout that somebody left at this point
    session = open_session(open_shop())
    race = Race(psp, session, POINTS[point](psp, session))
    # When two resume it at once
    turned_away = race.run(*pair)
    # Then at most a client was told to come again
    assert all(isinstance(error, TryLater) for error in turned_away)
    _assert_sold_once(race)


@pytest.mark.parametrize("point", POINTS)
def test_a_crowd_of_all_three_sells_once(psp: Psp, point: str) -> None:
    session = open_session(open_shop())
    race = Race(psp, session, POINTS[point](psp, session))
    turned_away = race.run(*RACERS * 4)
    assert all(isinstance(error, TryLater) for error in turned_away)
    _assert_sold_once(race)


def _assert_sold_once(race: Race) -> None:
    assert race.psp.charges() == [("succeeded", 1290, 0)]
    assert postings() == CAPTURED
    order = Order.objects.get()
    assert (CheckoutSession.objects.get().state, StockItem.objects.get().reserved) == ("completed", 1)
    assert not InboxEvent.objects.exclude(state="processed").exists()
    answers = {pay(race.session, race.token, key="k", now=LATER).body for _ in range(2)}
    assert len(answers) == 1
    if race.token != ASKS_FIRST:  # its first answer was the question
        assert json.loads(answers.pop())["order"]["id"] == order.public_id
    assert nothing_is_wrong() == []


@pytest.mark.parametrize("other", [*RACERS, "expire"])
@pytest.mark.parametrize("leaver", ["cancel", "expire"])
def test_a_buyer_who_leaves_while_the_bank_says_yes_has_an_order_or_the_money_back(
    psp: Psp, leaver: str, other: str
) -> None:
    # Given
    session = open_session(open_shop())
    race = Race(psp, session, _approved_at_the_bank(psp, session))
    # When
    turned_away = race.run(leaver, other)
    # Then one of both, never neither, never both
    assert all(isinstance(error, TryLater | SessionRefused | SessionBusy) for error in turned_away)
    orders = Order.objects.count()
    kept = sum(captured - refunded for _, captured, refunded in psp.charges())
    assert kept == 1290 * orders
    state = CheckoutSession.objects.get().state
    assert (state == "completed") is (orders == 1)
    assert state in {"completed", "canceled", "expired"}
    assert StockItem.objects.get().reserved == orders
    assert nothing_is_wrong() == []


@pytest.mark.parametrize("pair", PAIRS, ids="+".join)
def test_a_bank_that_says_no_is_heard_once(psp: Psp, pair: tuple[str, str]) -> None:
    # Given
    session = open_session(open_shop())
    url = json.loads(pay(session, ASKS_FIRST, key="k").body)["next_action"]["url"]
    psp.answer_three_d_secure(url, "fail")
    race = Race(psp, session, ASKS_FIRST)
    # When
    turned_away = race.run(*pair)
    # Then nothing is taken, and another card sells
    assert all(isinstance(error, TryLater) for error in turned_away)
    assert (postings(), StockItem.objects.get().reserved) == ([], 0)
    assert CheckoutSession.objects.get().state == "ready_for_complete"
    assert pay(session, now=LATER).status == 200
    assert nothing_is_wrong() == []


def test_the_racers_have_connections_of_their_own() -> None:
    """Otherwise they would wait for one another outside the database, and race nowhere."""

    def backend(_number: int) -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            return int(cursor.fetchone()[0])

    pids = [pid for pid in crowd(4, backend) if isinstance(pid, int)]
    assert len(pids) == 4
