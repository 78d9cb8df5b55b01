"""Whatever is held, paid for, let go of, shipped, returned or lost: a model in plain Python agrees."""

import os
import random
from collections.abc import Callable

import pytest
from django_subatomic.db import transaction

from checkout import stock
from checkout.adjust_stock import adjust_stock
from checkout.errors import OutOfStock, StockRefused
from checkout.models import CheckoutSession, Order, StockItem, StockLocation, Variant
from checkout.receive_stock import main_location
from checkout.states import ReservationState
from checkout.verify import checks
from tests.checkout.bulk_sessions import open_sessions
from tests.checkout.model_shelves import ModelShelves, Place
from tests.factories import NOW, VariantFactory

pytestmark = pytest.mark.django_db

STEPS = 150
SESSIONS = 24
SAID = {"reference": "test", "now": NOW}


class Shelves:
    """Does the same to the database and to the model, and compares what they say."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.variants: list[Variant] = [VariantFactory.create(on_hand=0) for _ in range(3)]
        more = [StockLocation.objects.create(code=code, name=code, priority=1) for code in ("east", "west")]
        self.places = [main_location(), *more]
        self.model = ModelShelves([place.pk for place in self.places])
        carts = [
            [(variant, draw.randint(1, 6)) for variant in draw.sample(self.variants, draw.randint(1, 3))]
            for _ in range(SESSIONS)
        ]
        self.sessions: list[CheckoutSession] = open_sessions(carts)
        for _ in range(12):
            self.bring()

    def step(self) -> str:
        """Do something, and return what."""
        act: Callable[[], None] = self.draw.choice(
            [self.hold, self.hold, self.hold, self.commit, self.release, self.part, self.part, self.part, self.bring]
        )
        act()
        return act.__name__

    def hold(self) -> None:
        session = self.draw.choice(self.sessions)
        if session.pk in self.model.live:
            return
        lines = list(session.lines.order_by("pk"))
        held = self._tried(lambda: stock.hold_stock(session=session, lines=lines, now=NOW))
        assert held == self.model.hold(session.pk, {line.variant_id: line.quantity for line in lines})

    def commit(self) -> None:
        held = [row for row in self.sessions if row.pk in self.model.live and row.pk not in self.model.committed]
        if held:
            session = self.draw.choice(held)
            lines = list(session.lines.all())
            self._tried(lambda: stock.commit_stock(session=session, lines=lines, now=NOW))
            self.model.committed.add(session.pk)

    def release(self) -> None:
        session = self.draw.choice(self.sessions)
        state = self.draw.choice([ReservationState.RELEASED, ReservationState.EXPIRED])
        self._tried(lambda: stock.release_stock(session=session, state=state, now=NOW))
        self.model.release(session.pk)

    def part(self) -> None:
        live = [pk for pk in self.model.committed if any(self.model.live[pk].values())]
        session = self.draw.choice(live) if live else self.sessions[0].pk
        known = [place for place, units in self.model.live.get(session, {}).items() if units]
        place = self.draw.choice(known or [self._anywhere()])
        quantity = self.draw.randint(1, 4)
        ships = self.draw.random() < 0.6
        verb = stock.consume_stock if ships else stock.release_order_stock
        order = Order(public_id="ord_1", session_id=session)
        done = self._tried(lambda: verb(order=order, units=[(*place, quantity)], **SAID))  # type: ignore[arg-type]  # as named
        assert done == self.model.part(session, place, quantity, ships=ships)

    def bring(self) -> None:
        place, quantity = self._anywhere(), self.draw.choice([-3, -1, 1, 2, 5])
        where = {"variant_id": place[0], "location_id": place[1]}
        if quantity > 0 and self.draw.random() < 0.5:
            done = self._tried(lambda: stock.return_stock(**where, quantity=quantity, **SAID))  # type: ignore[arg-type]
        elif quantity < 0 and self.draw.random() < 0.5:
            done = self._tried(lambda: stock.write_off_stock(**where, quantity=-quantity, **SAID))  # type: ignore[arg-type]
        else:
            done = self._tried(lambda: adjust_stock(**where, units=quantity, reason="Counted.", **SAID))  # type: ignore[arg-type]
        assert done == self.model.bring(place, quantity)

    def agrees(self) -> bool:
        """Whether every shelf is as the model says, and every reservation."""
        rows = {(row.variant_id, row.location_id): (row.on_hand, row.reserved) for row in StockItem.objects.all()}
        return all(
            rows.get((variant.pk, place.pk), (0, 0))
            == (self.model.on_hand.get((variant.pk, place.pk), 0), self.model.reserved((variant.pk, place.pk)))
            for variant in self.variants
            for place in self.places
        )

    def _anywhere(self) -> Place:
        return self.draw.choice(self.variants).pk, self.draw.choice(self.places).pk

    @staticmethod
    def _tried(act: Callable[[], object]) -> bool:
        try:
            with transaction():
                act()
        except (OutOfStock, StockRefused):
            return False
        return True


@pytest.mark.parametrize(
    "seed", [int(os.environ["TALLY_ATTACK_SEED"])] if "TALLY_ATTACK_SEED" in os.environ else [1, 2, 3]
)
def test_the_shelves_are_as_a_model_says_after_every_step(seed: int) -> None:
    shelves = Shelves(random.Random(seed))

    for number in range(STEPS):
        act = shelves.step()
        assert shelves.agrees(), f"seed {seed}, step {number}: {act}"

    assert shelves.model.committed
    assert [check for check in checks(now=NOW) if "stock equals" in check.name and not check.passed] == []
