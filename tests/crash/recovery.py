"""After the crash: the service runs again, who was not answered asks again, and time passes until all is done."""

import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any

import time_machine

from config.backlog import backlog
from config.replay.stages import replay_all
from config.verification import all_checks
from tests.crash import feed, workers
from tests.crash.outsiders import PspWithWebhooks, ShopClient
from tests.crash.scenarios import CLIENT_ANSWERED, PSP_ANSWERED, RESCUERS, SOLD, Facts, sell_meanwhile
from tests.crash.state import everything

# Longer than every lease and every wait for a first try; five of them are shorter than stock is held for a payment.
STEP_SECONDS = 150
MOST_ROUNDS = 5


def recover(*, facts: Facts, reached: Collection[str], first: str) -> dict[str, Any]:
    """Bring everything to its end; return what there is then, and what is wrong with it.

    :param reached: the points that the dead process had passed.
    :param first: the one of ``RESCUERS`` who begins.
    """
    psp = PspWithWebhooks([facts["event"]] if PSP_ANSWERED in reached else ())
    client = _Retries(facts, answered=CLIENT_ANSWERED in reached or facts.get("client_answered", False))
    rescuers: dict[str, Callable[[], None]] = {"client": client.ask, "psp": psp.deliver_all, "sweeper": _run_service}
    turn = RESCUERS.index(first)
    state: dict[str, Any] = {}
    before: dict[str, Any] = {}
    wrong: list[str] = []
    if "sink" in facts:
        feed.follow(sink=facts["sink"], meanwhile=lambda: None if SOLD in reached else sell_meanwhile(facts))
    with time_machine.travel(time.time(), tick=True) as traveller:
        for _ in range(MOST_ROUNDS):
            traveller.shift(STEP_SECONDS)
            for name in RESCUERS[turn:] + RESCUERS[:turn]:
                rescuers[name]()
            workers.work()
            before, state = state, {**everything(), **psp.record()}
            # Every lease and every wait has passed since the last round: what is to come would have come.
            if state == before:
                break
        else:
            wrong.append("it never becomes quiet")
        wrong += [*client.unanswered(), *(f"open: {number} {what}" for what, number in backlog().items())]
        wrong += [f"{check.name}: {check.detail}" for check in all_checks(now=datetime.now(UTC)) if not check.passed]
        wrong += [f"replay of {row.name}: {row.differences}" for row in replay_all() if not row.passed]
    if "sink" in facts:
        state["sink"], differences = feed.told(sink=facts["sink"])
        wrong += differences
    return {"state": state, "wrong": wrong}


def _run_service() -> None:
    workers.relay()
    workers.sweep()
    workers.work()
    workers.relay()


class _Retries:
    """The client: asks again with the same key until it has a final answer."""

    def __init__(self, facts: Facts, *, answered: bool) -> None:
        self.answered = answered
        self._facts = facts
        self._client = ShopClient(facts["api_key"])
        self._said = ""

    def ask(self) -> None:
        if self.answered:
            return
        answer = self._client.post(**self._facts["request"])
        self._said = f"{answer.status_code} {answer.content.decode()}"
        self.answered = answer.status_code == self._facts["final_status"]

    def unanswered(self) -> list[str]:
        """Say what the last answer was, where it was none."""
        return [] if self.answered else [f"the client has no final answer: {self._said}"]
