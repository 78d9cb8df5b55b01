"""What is killed at every point: for each scenario what has happened before, and what the process does that dies.

All of it runs in children of the nursery, on a database and a PSP of their own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django_subatomic.db import transaction

from ledger.accounts import open_book
from tests.crash.outsiders import ShopClient
from tests.crash.points import Points
from tests.factories import VariantFactory

type Facts = dict[str, Any]

ANSWERED = "the client has its answer"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way through the service.

    :param prepare: brings about what has happened before, and returns what the others need to know of it.
    :param act: what the process does that is killed; it passes points of its own where somebody has got an answer.
    """

    prepare: Callable[[], Facts]
    act: Callable[[Facts, Points], None]


def _open_shop() -> Facts:
    with transaction():
        open_book(code="shop", name="Shop", now=datetime.now(UTC))
    variant = VariantFactory.create(sku="TEA", on_hand=3)
    return {"api_key": ShopClient.new_api_key(), "sku": variant.sku, "token": "pm_card_visa"}


def _before_paying() -> Facts:
    facts = _open_shop()
    return {**facts, "session": ShopClient(facts["api_key"]).open_session(facts["sku"])}


def _pay(facts: Facts, points: Points) -> None:
    answer = ShopClient(facts["api_key"]).pay(facts["session"], token=facts["token"])
    assert answer.status_code == 200, answer.content
    points.reach(ANSWERED)


SCENARIOS = {
    "checkout": Scenario(prepare=_before_paying, act=_pay),
}
