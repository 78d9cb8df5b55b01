"""Who comes to the shop: a seeded list of buyers and what goes wrong for each."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Story(StrEnum):
    """What happens to a buyer."""

    PLAIN = "pays"
    DECLINED = "card declined"
    DROPPED = "PSP charges, its reply is lost"
    IMPATIENT = "client sends everything three times"
    CROWD = "among many for the last unit"


TOKENS = {
    "stripe": {
        Story.PLAIN: "pm_card_visa",
        Story.DECLINED: "pm_card_chargeDeclined",
        Story.DROPPED: "pm_tally_dropReply",
        Story.IMPATIENT: "pm_card_visa",
        Story.CROWD: "pm_card_visa",
    },
    "adyen": {
        Story.PLAIN: "shopper-1.pays",
        Story.DECLINED: "shopper-1.refused",
        Story.DROPPED: "shopper-1.dropReply",
        Story.IMPATIENT: "shopper-1.pays",
        Story.CROWD: "shopper-1.pays",
    },
}
# Of four buyers, roughly.
PSPS = ("stripe", "stripe", "stripe", "adyen")

# Beside buyers who collect what they buy at the full price.
TERMS: tuple[Mapping[str, object], ...] = (
    {"discount_code": "TEA10"},
    {"shipping_address": {"country": "DE"}, "fulfillment_option_id": "express", "discount_code": "tea10"},
    {"shipping_address": {"country": "US", "region": "CA"}},
    {"shipping_address": {"country": "US", "region": "CA"}, "discount_code": "TEA10"},
)

# Shares of the buyers, in percent; what is left over pays without trouble.
SHARES = {Story.DECLINED: 12, Story.DROPPED: 12, Story.IMPATIENT: 16, Story.CROWD: 16}


@dataclass(frozen=True, slots=True)
class Buyer:
    """One visit: a cart in one currency and a story. ``seed`` drives the small accidents within it."""

    number: int
    story: Story
    psp: str
    currency: str
    items: tuple[tuple[str, int], ...]
    seed: int

    @property
    def terms(self) -> Mapping[str, object]:
        """Where the goods go, and with which code: by the seed, so that every price there is comes up."""
        return ({}, *TERMS)[self.seed % (len(TERMS) + 1)]


def plan(*, orders: int, seed: int, skus: list[str], last_unit_sku: str) -> list[Buyer]:
    """Return ``orders`` buyers, the same ones for the same seed."""
    dice = random.Random(seed)  # noqa: S311 - a repeatable play, not a secret
    stories = [story for story, percent in SHARES.items() for _ in range(max(1, orders * percent // 100))]
    stories = (stories + [Story.PLAIN] * orders)[:orders]
    dice.shuffle(stories)
    return [_buyer(number, story, dice, skus, last_unit_sku) for number, story in enumerate(stories)]


def _buyer(number: int, story: Story, dice: random.Random, skus: list[str], last_unit_sku: str) -> Buyer:
    if story is Story.CROWD:
        items: tuple[tuple[str, int], ...] = ((last_unit_sku, 1),)
    else:
        chosen = dice.sample(skus, k=dice.randint(1, min(3, len(skus))))
        items = tuple((sku, dice.randint(1, 3)) for sku in chosen)
    return Buyer(number, story, dice.choice(PSPS), dice.choice(["EUR", "USD"]), items, dice.randrange(2**32))
