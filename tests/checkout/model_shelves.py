"""Stock as plain Python would keep it: what the database is held to."""

from dataclasses import dataclass, field

type Place = tuple[int, int]  # (variant, location)


@dataclass
class ModelShelves:
    """Units by (variant, location), and where each session's are. ``order``: the locations by priority."""

    order: list[int]
    on_hand: dict[Place, int] = field(default_factory=dict)
    live: dict[int, dict[Place, int]] = field(default_factory=dict)
    committed: set[int] = field(default_factory=set)

    def reserved(self, place: Place) -> int:
        """Return how many units are spoken for."""
        return sum(units.get(place, 0) for units in self.live.values())

    def free(self, place: Place) -> int:
        """Return how many are not."""
        return self.on_hand.get(place, 0) - self.reserved(place)

    def hold(self, session: int, cart: dict[int, int]) -> bool:
        """Hold a cart, or nothing."""
        whole = [
            location
            for location in self.order
            if all(self.free((variant, location)) >= quantity for variant, quantity in cart.items())
        ]
        taken: dict[Place, int] = {}
        for variant, quantity in cart.items():
            alone = [location for location in self.order if self.free((variant, location)) >= quantity]
            missing = quantity
            for location in (whole or alone or self.order)[: 1 if whole or alone else None]:
                units = min(missing, self.free((variant, location)))
                if units:
                    taken[variant, location] = units
                missing -= units
            if missing:
                return False
        self.live[session] = taken
        return True

    def release(self, session: int) -> None:
        """Let go of what is held."""
        if session not in self.committed:
            self.live.pop(session, None)

    def part(self, session: int, place: Place, quantity: int, *, ships: bool) -> bool:
        """Take units from an order, if it has as many there."""
        units = self.live.get(session, {})
        if session not in self.committed or units.get(place, 0) < quantity:
            return False
        units[place] -= quantity
        if ships:
            self.on_hand[place] -= quantity
        return True

    def bring(self, place: Place, quantity: int) -> bool:
        """Put units on the shelf, or below zero take free ones away."""
        if self.free(place) + quantity < 0:
            return False
        self.on_hand[place] = self.on_hand.get(place, 0) + quantity
        return True
