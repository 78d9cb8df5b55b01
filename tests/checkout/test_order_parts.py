"""Whatever becomes of an order in whatever order, its parts add up to the cent, in every currency."""

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from checkout.order_parts import Units, owed, shipping_of, stored, sums, total, worth
from ledger.money import Money
from payments.parts import Part, PartKind

CURRENCIES = ("JPY", "EUR", "BHD", "CLF")
AMOUNTS = st.integers(0, 10**6)


@st.composite
def orders(draw: st.DrawFn) -> tuple[list[Part], dict[str, int]]:
    """Draw the parts of an order, and how many units each of its lines has."""
    currency = draw(st.sampled_from(CURRENCIES))
    quantities = {f"SKU-{place}": draw(st.integers(1, 7)) for place in range(draw(st.integers(1, 3)))}
    parts = []
    for sku in [*quantities, *(["shipping:std"] if draw(st.booleans()) else [])]:
        kind = PartKind.LINE if sku in quantities else PartKind.SHIPPING
        parts.append(Part(kind, sku, Money(draw(AMOUNTS), currency)))
        taxed = draw(st.sampled_from([(), ("de",), ("us-ca", "us-ca-la")]))
        parts += [Part(PartKind.TAX, sku, Money(draw(AMOUNTS), currency), where) for where in taxed]
    return parts, quantities


@given(orders(), st.lists(st.tuples(st.booleans(), st.integers(0, 2), st.integers(1, 4)), max_size=20))
def test_what_is_earned_and_what_is_not_taken_come_to_the_whole(
    order: tuple[list[Part], dict[str, int]], deeds: list[tuple[bool, int, int]]
) -> None:
    whole, quantities = order
    shipped: dict[str, int] = defaultdict(int)
    canceled: dict[str, int] = defaultdict(int)
    earned: list[list[dict[str, object]]] = []
    not_taken: list[list[dict[str, object]]] = []

    def do(*, ship: bool, units: dict[str, int]) -> None:
        left = owed(whole=whole, gone=[sums(earned), sums(not_taken)])
        counts = shipped if ship else canceled
        chosen = {sku: Units(quantities[sku], counts[sku], count) for sku, count in units.items()}
        for sku, count in units.items():
            counts[sku] += count
        is_last = all(shipped[sku] + canceled[sku] == quantities[sku] for sku in quantities)
        parts = left if is_last else worth(owed=left, whole=whole, units=chosen)
        if ship and not is_last:
            parts = [*parts, *shipping_of(left)]
        (earned if ship else not_taken).append(stored(parts))

    for ship, place, count in deeds:
        sku = list(quantities)[place % len(quantities)]
        some = min(count, quantities[sku] - shipped[sku] - canceled[sku])
        if some:
            do(ship=ship, units={sku: some})
    rest = {sku: quantity - shipped[sku] - canceled[sku] for sku, quantity in quantities.items()}
    if any(rest.values()):
        do(ship=True, units={sku: count for sku, count in rest.items() if count})

    done = owed(whole=whole, gone=[sums(earned), sums(not_taken)])
    assert total(done) == 0
    assert sum(sums(earned).values()) + sum(sums(not_taken).values()) == total(whole)


@given(AMOUNTS, st.integers(1, 50))
def test_units_differ_by_one_minor_unit_at_most_and_come_to_the_amount(amount: int, quantity: int) -> None:
    each = [Units(quantity, place, 1).worth(amount) for place in range(quantity)]

    assert sum(each) == amount == Units(quantity, 0, quantity).worth(amount)
    assert max(each) - min(each) <= 1
