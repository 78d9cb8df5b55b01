"""What is killed at every point: for each scenario what has happened before, and what the process does that dies.

All of it runs in children of the nursery, on a database and a PSP of their own.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import time_machine
from django.db import connection
from django_subatomic.db import transaction

from checkout.expire import expire_hold
from checkout.stock import HOLD
from config.celery import app
from exactly_once import doorbell
from exactly_once.wake import wake
from exactly_once.webhook_endpoints import create_endpoint
from ledger.accounts import open_book
from tests.crash import feed, workers
from tests.crash.outsiders import CLIENT, PspWithWebhooks, ShopClient
from tests.crash.points import Points
from tests.factories import VariantFactory

type Facts = dict[str, Any]

# Points at which somebody outside has got an answer, and will not ask again.
CLIENT_ANSWERED = "the client has its answer"
PSP_ANSWERED = "the PSP has its 200"
SOLD = "somebody has sold"

RECEIVER = "CRASH_RECEIVER_URL"  # where merchants get their webhooks, in the environment

RESCUERS = ("client", "psp", "sweeper")

LOST_REPLY = "pm_tally_dropReply"  # the PSP takes the money, and its answer gets lost


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way through the service.

    :param prepare: brings about what has happened before, and returns what the others need to know of it: ``api_key``,
        the ``request`` that the client repeats until it gets the ``final_status``, whether it has got that
        (``client_answered``), and the ``event`` that the PSP sends.
    :param act: what the process does that is killed; it passes points of its own where somebody has got an answer.
    :param often: whether it has its part in every run of the suite.
    :param first: those who may be the first to come upon what the dead left behind.
    """

    prepare: Callable[[], Facts]
    act: Callable[[Facts, Points], None]
    often: bool = True
    first: tuple[str, ...] = RESCUERS


def _before_paying(token: str = "pm_card_visa", *, final_status: int = 200, on_hand: int = 3) -> Facts:
    with transaction():
        open_book(code="shop", name="Shop", now=datetime.now(UTC))
    variant = VariantFactory.create(sku="TEA", on_hand=on_hand)
    api_key = ShopClient.new_api_key()
    session = ShopClient(api_key).open_session(variant.sku)
    return {
        "api_key": api_key,
        "session": session,
        "request": _paying(session, token, key="pay"),
        "final_status": final_status,
    }


def _paying(session: str, token: str, *, key: str) -> dict[str, Any]:
    return {"path": f"checkout-sessions/{session}/complete", "body": {"payment": {"token": token}}, "key": key}


def _ask(facts: Facts, points: Points) -> None:
    """Be the web process that the client asks."""
    answer = ShopClient(facts["api_key"]).post(**facts["request"])
    assert answer.status_code == facts["final_status"], answer.content
    points.reach(CLIENT_ANSWERED)


def _before_paying_with_a_bad_card() -> Facts:
    return _before_paying("pm_card_chargeDeclined", final_status=402)


def _paid_without_a_reply() -> Facts:
    with _a_minute_ago():
        facts = _before_paying(LOST_REPLY)
        assert ShopClient(facts["api_key"]).post(**facts["request"]).status_code == 202
    (event,) = PspWithWebhooks().events("payment_intent.succeeded")
    return {**facts, "event": event["id"]}


def _take_webhook(_facts: Facts, points: Points) -> None:
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
    with _a_minute_ago():
        facts = _before_paying(LOST_REPLY, final_status=409, on_hand=1)
        client = ShopClient(facts["api_key"])
        assert client.post(**facts["request"]).status_code == 202
        expire_hold(session_id=facts["session"], client=CLIENT, now=datetime.now(UTC) + HOLD + timedelta(seconds=1))
        quick = client.open_session("TEA", email="quick@example.com")
        assert client.post(**_paying(quick, "pm_card_visa", key="quick")).status_code == 200
    return facts


def _sweep_payments(_facts: Facts, _points: Points) -> None:
    """Find out how a payment stands, and send what is to be paid back: as a worker that beat wakes, twice."""
    for _ in range(2):
        app.tasks["payments.sweep"]()
        workers.work()


def _before_the_banks_question() -> Facts:
    facts = _before_paying("pm_card_authenticationRequired")
    answer = ShopClient(facts["api_key"]).post(**facts["request"])
    assert b"requires_escalation" in answer.content
    return {**facts, "request": {"path": f"checkout-sessions/{facts['session']}/cancel", "body": {}, "key": "cancel"}}


def _cancel(facts: Facts, points: Points) -> None:
    """Be the web process that the client asks to cancel, and the worker that voids the payment."""
    _ask(facts, points)
    _sweep_payments(facts, points)


def _sold() -> Facts:
    facts = _before_paying()
    with transaction():
        create_endpoint(
            client=CLIENT,
            url=os.environ[RECEIVER],
            event_types=["*"],
            description="",
            now=datetime.now(UTC),
            allow_private=True,
        )
    assert ShopClient(facts["api_key"]).post(**facts["request"]).status_code == 200
    return {**facts, "client_answered": True}


def _relay(_facts: Facts, _points: Points) -> None:
    """Carry the outbox to its sinks, event by event, and be the worker that runs handlers and calls the merchant."""
    workers.relay(limit=1)


def _before_a_feed(sink: str) -> Facts:
    """Sell once, so that there is something to copy, and have another buyer before paying."""
    facts = _before_paying()
    client = ShopClient(facts["api_key"])
    assert client.post(**facts["request"]).status_code == 200
    session = client.open_session("TEA", email="second@example.com")
    return {**facts, "request": _paying(session, "pm_card_visa", key="second"), "client_answered": True, "sink": sink}


def _feed(facts: Facts, points: Points) -> None:
    """Be the feed, and, where it has no points, the shop that sells meanwhile."""

    def sell() -> None:
        with points.muted():
            sell_meanwhile(facts)
        points.reach(SOLD)

    feed.follow(sink=facts["sink"], meanwhile=sell)


def sell_meanwhile(facts: Facts) -> None:
    """Sell to the second buyer; return once that is on disk, where a slot reads."""
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = on")
    assert ShopClient(facts["api_key"]).post(**facts["request"]).status_code == 200


def _a_minute_ago() -> time_machine.travel:
    """Let something happen so long ago that the sweepers look after it now."""
    return time_machine.travel(time.time() - 60, tick=True)


SCENARIOS = {
    "checkout": Scenario(prepare=_before_paying, act=_ask),
    "webhook": Scenario(prepare=_paid_without_a_reply, act=_take_webhook),
    "refund": Scenario(prepare=_paid_too_late, act=_sweep_payments),
    "relay": Scenario(prepare=_sold, act=_relay, first=("psp", "sweeper")),
    "feed": Scenario(prepare=partial(_before_a_feed, "jsonl"), act=_feed, first=("sweeper",)),
    "feed-postgres": Scenario(prepare=partial(_before_a_feed, "postgres"), act=_feed, first=("sweeper",), often=False),
    "decline": Scenario(prepare=_before_paying_with_a_bad_card, act=_ask, often=False),
    "resume": Scenario(prepare=_paid_without_a_reply, act=_ask, often=False),
    "cancel": Scenario(prepare=_before_the_banks_question, act=_cancel, often=False),
}
