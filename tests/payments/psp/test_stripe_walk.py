"""The way through Stripe's balance transactions: each is read, whatever happens meanwhile."""

from collections.abc import Iterator

from payments.psp.settlement import SettlementPage
from payments.psp.stripe_walk import Walk
from tests.payments.psp.test_stripe_balance import PAYOUT, Object, charge, transaction


class Stripe:
    """A list of balance transactions, the newest first, as Stripe answers about it."""

    def __init__(self) -> None:
        self.newest_first: list[Object] = []
        self.paid_out: dict[str, list[str]] = {}

    def add(self, *names: str, payout: Object | None = None) -> None:
        for name in names:
            made = transaction("charge", 1290, charge())
            self.newest_first.insert(0, made | {"id": name})
        if payout is not None:
            made = transaction("payout", -900, payout)
            self.newest_first.insert(0, made | {"id": f"txn_{payout['id']}"})

    def answer(self, asked: Object) -> Object:
        found = list(self.newest_first)
        if "payout" in asked:
            found = [each for each in found if each["id"] in self.paid_out[asked["payout"]]]
        names = [each["id"] for each in found]
        if "ending_before" in asked:
            newer = found[: names.index(asked["ending_before"])]
            return {"data": newer[-asked["limit"] :], "has_more": len(newer) > asked["limit"]}
        after = names.index(asked["starting_after"]) + 1 if "starting_after" in asked else 0
        rest = found[after:]
        return {"data": rest[: asked["limit"]], "has_more": len(rest) > asked["limit"]}


def walk(stripe: Stripe, cursor: str = "", limit: int = 2) -> Iterator[SettlementPage]:
    """Read pages until there are no more."""
    while True:
        here = Walk.read(cursor) if cursor else Walk(since=1)
        page = here.page(stripe.answer(here.asks_for(limit=limit)))
        yield page
        if not page.more:
            return
        cursor = page.cursor


def ids(pages: list[SettlementPage]) -> list[str]:
    return [line.line_id for page in pages for line in page.lines]


def test_the_first_walk_goes_back_to_where_it_begins_and_the_next_ones_forward() -> None:
    # Given
    stripe = Stripe()
    stripe.add("txn_a", "txn_b", "txn_c", "txn_d", "txn_e")
    # When
    first = list(walk(stripe))
    # Then
    assert ids(first) == ["txn_e", "txn_d", "txn_c", "txn_b", "txn_a"]
    # When nothing is new, then something
    nothing = list(walk(stripe, first[-1].cursor))
    stripe.add("txn_f", "txn_g", "txn_h")
    then = list(walk(stripe, nothing[-1].cursor))
    # Then
    assert ids(nothing) == []
    assert sorted(ids(then)) == ["txn_f", "txn_g", "txn_h"]


def test_what_is_new_while_we_walk_back_is_read_afterwards() -> None:
    stripe = Stripe()
    stripe.add("txn_a", "txn_b", "txn_c")
    pages = walk(stripe)
    first = next(pages)
    stripe.add("txn_d")
    first_walk = [first, *pages]
    assert sorted(ids(first_walk)) == ["txn_a", "txn_b", "txn_c"]
    assert ids(list(walk(stripe, first_walk[-1].cursor))) == ["txn_d"]


def test_an_empty_account_is_begun_again() -> None:
    stripe = Stripe()
    (empty,) = walk(stripe)
    stripe.add("txn_a")
    assert ids(list(walk(stripe, empty.cursor))) == ["txn_a"]


def test_lines_of_a_payout_come_again_and_say_so() -> None:
    # Given
    stripe = Stripe()
    stripe.add("txn_a", "txn_b", "txn_c", payout=PAYOUT)
    stripe.paid_out["po_1"] = ["txn_a", "txn_b", "txn_c", "txn_po_1"]
    # When
    pages = list(walk(stripe))
    # Then
    told = {line.line_id: line.payout_reference for page in pages for line in page.lines}
    assert told == {"txn_a": "po_1", "txn_b": "po_1", "txn_c": "po_1", "txn_po_1": "po_1"}
    assert len(ids(pages)) == 8


def test_a_payout_that_stripe_is_still_adding_to_is_read_another_time() -> None:
    # Given two payouts, one of them not ready
    stripe = Stripe()
    waiting = PAYOUT | {"reconciliation_status": "in_progress"}
    stripe.add("txn_a", payout=waiting)
    stripe.add("txn_b", payout=PAYOUT | {"id": "po_2"})
    stripe.paid_out = {"po_1": ["txn_a", "txn_po_1"], "po_2": ["txn_b", "txn_po_2"]}
    # When
    first = list(walk(stripe, limit=4))
    second = list(walk(stripe, first[-1].cursor))
    # Then the other one is read, and it is asked about again
    assert ids(first)[4:] == ["txn_po_1", "txn_a"]
    assert ids(second) == ["txn_po_2", "txn_b", "txn_po_1", "txn_a"]
    # When it is ready
    waiting["reconciliation_status"] = "completed"
    third = list(walk(stripe, second[-1].cursor))
    # Then
    assert ids(third) == ["txn_po_1", "txn_a"]
    assert ids(list(walk(stripe, third[-1].cursor))) == []
