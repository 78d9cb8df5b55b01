"""What is killed at every point: for each scenario what has happened before, and what the process does that dies.

All of it runs in children of the nursery, on a database and a PSP of their own.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine
from django_subatomic.db import transaction

from checkout.expire import expire_hold
from checkout.stock import HOLD
from config.celery import app
from exactly_once import doorbell
from exactly_once.relay import feed_handlers
from exactly_once.wake import wake
from ledger.accounts import open_book
from tests.crash import workers
from tests.crash.outsiders import CLIENT, PspWithWebhooks, ShopClient
from tests.crash.points import Points
from tests.factories import VariantFactory

type Facts = dict[str, Any]

# Points at which somebody outside has got an answer, and will not ask again.
CLIENT_ANSWERED = "the client has its answer"
PSP_ANSWERED = "the PSP has its 200"

LOST_REPLY = "pm_tally_dropReply"  # the PSP takes the money, and its answer gets lost


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way through the service.

    :param prepare: brings about what has happened before, and returns what the others need to know of it.
    :param act: what the process does that is killed; it passes points of its own where somebody has got an answer.
    """

    prepare: Callable[[], Facts]
    act: Callable[[Facts, Points], None]


def _open_shop(*, on_hand: int = 3) -> Facts:
    with transaction():
        open_book(code="shop", name="Shop", now=datetime.now(UTC))
    variant = VariantFactory.create(sku="TEA", on_hand=on_hand)
    return {"api_key": ShopClient.new_api_key(), "sku": variant.sku, "token": "pm_card_visa", "final_status": 200}


def _before_paying() -> Facts:
    facts = _open_shop()
    return {**facts, "session": ShopClient(facts["api_key"]).open_session(facts["sku"])}


def _pay(facts: Facts, points: Points) -> None:
    answer = ShopClient(facts["api_key"]).pay(facts["session"], token=facts["token"])
    assert answer.status_code == facts["final_status"], answer.content
    points.reach(CLIENT_ANSWERED)


def _paid_without_a_reply() -> Facts:
    facts = {**_before_paying(), "token": LOST_REPLY}
    assert ShopClient(facts["api_key"]).pay(facts["session"], token=LOST_REPLY).status_code == 202
    (event,) = PspWithWebhooks().events("payment_intent.succeeded")
    return {**facts, "event": event["id"]}


def _take_webhook(facts: Facts, points: Points) -> None:
    """Take the PSP's call, answer, wake a worker, and be that worker."""

    def wake_when_answered(task: str, *ids: object) -> bool:
        # The bell rings in a thread of its own, before or after the answer goes out: always after it, here.
        points.wait_for(PSP_ANSWERED)
        return wake(task, *ids)

    setattr(doorbell, wake.__name__, wake_when_answered)
    psp = PspWithWebhooks()
    (event,) = psp.events("payment_intent.succeeded")
    assert psp.deliver(event)
    points.reach(PSP_ANSWERED)
    points.wait_for(f"after publish {doorbell.TASK}")
    workers.work()


def _paid_too_late() -> Facts:
    """Sell the last unit to somebody else, its hold having run out while the first payment's outcome was unknown."""
    with time_machine.travel(time.time() - 60, tick=True):
        facts = {**_open_shop(on_hand=1), "token": LOST_REPLY, "final_status": 409}
        client = ShopClient(facts["api_key"])
        late, quick = client.open_session(facts["sku"]), client.open_session(facts["sku"], email="quick@example.com")
        assert client.pay(late, token=LOST_REPLY).status_code == 202
        expire_hold(session_id=late, client=CLIENT, now=datetime.now(UTC) + HOLD + timedelta(seconds=1))
        assert client.pay(quick, key="quick").status_code == 200
    return {**facts, "session": late}


def _pay_back(_facts: Facts, _points: Points) -> None:
    """Find out that the money has come, and send it back: as a worker that is woken by beat, twice."""
    for _ in range(2):
        app.tasks["payments.sweep"]()
        workers.work()


def _sold() -> Facts:
    facts = _before_paying()
    assert ShopClient(facts["api_key"]).pay(facts["session"]).status_code == 200
    return {**facts, "client_answered": True}


def _relay(_facts: Facts, _points: Points) -> None:
    """Carry the outbox to the handlers, event by event, and be the worker that runs them."""
    while feed_handlers(now=datetime.now(UTC), limit=1):
        workers.work()


SCENARIOS = {
    "checkout": Scenario(prepare=_before_paying, act=_pay),
    "webhook": Scenario(prepare=_paid_without_a_reply, act=_take_webhook),
    "refund": Scenario(prepare=_paid_too_late, act=_pay_back),
    "relay": Scenario(prepare=_sold, act=_relay),
}
