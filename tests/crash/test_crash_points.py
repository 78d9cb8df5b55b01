"""A process dies at a point of its work, and the end is the same as without: at points by lot, or at every one.

``make crash-points`` is the whole. Not here: what is killed (scenarios.py), where (points.py), and what comes after
(recovery.py).
"""

import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import pytest
from django.db import connections

from tests.campaigns import PROCESSES, Campaign
from tests.crash.bench import Bench, bench_at
from tests.crash.scenarios import RESCUERS, SCENARIOS
from tests.servers import STATE_DIR

pytestmark = pytest.mark.django_db  # what is copied is the database of the tests

CRASH = Campaign("crash")
WHOLE = CRASH.runs
SAMPLE = 1  # points of each scenario, where not all are
# The suite kills a sale. Where whole services are killed, so is whatever happens often.
CHOSEN = [name for name, one in SCENARIOS.items() if WHOLE or name == "checkout" or (PROCESSES.runs and one.often)]
BROKEN = 3 if WHOLE else PROCESSES.effort(1, 2)


@pytest.fixture(scope="module")
def bench(django_db_setup: None) -> Iterator[Bench]:
    # Nobody may be connected to a database while it is copied.
    migrated: Any = connections["default"]
    migrated.close()
    migrated.close_pool()
    name = str(migrated.settings_dict["NAME"])
    with bench_at(STATE_DIR / "crash", server_url=os.environ["DATABASE_URL"], migrated=name) as bench:
        yield bench


@pytest.fixture(scope="module")
def seed() -> int:
    return int(os.environ.get("TALLY_CRASH_SEED") or random.SystemRandom().randrange(2**32))


@dataclass(frozen=True, slots=True)
class Kill:
    """A death at the last point of a way through a scenario, who comes first afterwards, and which rule is broken."""

    scenario: str
    way: list[str]
    first: str
    broken: str | None = None

    def __str__(self) -> str:
        return f"{len(self.way)} {self.way[-1]}, then the {self.first}"


@dataclass(frozen=True, slots=True)
class Unharmed:
    """A scenario that nobody died in: its points, and the state that it leads to."""

    points: list[str]
    state: dict[str, Any]


@pytest.fixture(scope="module")
def unharmed(bench: Bench) -> Callable[[str], Unharmed]:
    @cache
    def live(scenario: str) -> Unharmed:
        ended = bench.live(scenario)
        assert ended.signal == 0
        found = bench.recover(scenario, ended, first=RESCUERS[0])
        assert found["wrong"] == []
        return Unharmed(ended.reached, found["state"])

    return live


def _differences(bench: Bench, kill: Kill, unharmed: Unharmed) -> list[str]:
    """Kill the process, have the others bring everything to its end, and compare."""
    ended = bench.live(kill.scenario, fatal=len(kill.way), broken=kill.broken)
    # It came there by the same way, and there it died: this point has fired.
    assert (ended.signal, ended.reached) == (signal.SIGKILL, kill.way)
    found = bench.recover(kill.scenario, ended, first=kill.first, broken=kill.broken)
    state, expected = found["state"], unharmed.state
    return [
        *found["wrong"],
        *(line for name in sorted({*state, *expected}) for line in _compare(name, state, expected)),
    ]


def _compare(name: str, state: dict[str, Any], expected: dict[str, Any]) -> Iterator[str]:
    found, wanted = Counter(map(str, state.get(name, ()))), Counter(map(str, expected.get(name, ())))
    yield from (f"{name}, too much: {row}" for row in (found - wanted).elements())
    yield from (f"{name}, missing: {row}" for row in (wanted - found).elements())
    if found == wanted and state.get(name) != expected.get(name):
        yield f"{name}, in another order: {state.get(name)}"


@pytest.mark.parametrize("scenario", CHOSEN)
def test_whichever_point_it_dies_at_the_end_is_the_same(
    bench: Bench, seed: int, unharmed: Callable[[str], Unharmed], scenario: str
) -> None:
    # Given
    print(f"TALLY_CRASH_SEED={seed}")  # noqa: T201 - pytest shows it where the test fails
    points = unharmed(scenario).points
    every = [
        Kill(scenario, points[:number], first)
        for number in range(1, len(points) + 1)
        for first in SCENARIOS[scenario].first
    ]
    # When
    kills = every if WHOLE else random.Random(f"{seed} {scenario}").sample(every, SAMPLE)
    harm = {str(kill): differences for kill in kills if (differences := _differences(bench, kill, unharmed(scenario)))}
    # Then
    print(f"{scenario}: {len(points)} points, killed {len(kills)} times, {len(harm)} differ")  # noqa: T201
    assert harm == {}


class Break(NamedTuple):
    """A rule that is broken, a scenario in which a death at the nth such point shows it, and how it does."""

    rule: str
    scenario: str
    label: str
    nth: int
    harm: str


BREAKS = [
    Break("order_in_a_commit_of_its_own", "checkout", "after commit", 2, "checkout.Order, missing:"),
    Break("new_psp_key_each_time", "checkout", "after PSP POST /v1/payment_intents", 1, "charges, too much:"),
    Break("position_in_a_commit_of_its_own", "relay", "after commit", 3, "webhooks, missing:"),
]


@pytest.mark.parametrize("broken", BREAKS[:BROKEN], ids=lambda broken: broken.rule)
def test_a_broken_rule_is_noticed(bench: Bench, unharmed: Callable[[str], Unharmed], broken: Break) -> None:
    # Given a service that does the same as ever, as long as nobody dies
    points = bench.live(broken.scenario, broken=broken.rule).reached
    number = [number for number, reached in enumerate(points, start=1) if reached == broken.label][broken.nth - 1]
    # When
    kill = Kill(broken.scenario, points[:number], "sweeper", broken.rule)
    differences = _differences(bench, kill, unharmed(broken.scenario))
    # Then
    assert any(line.startswith(broken.harm) for line in differences), differences
