"""The demo's tables."""

from collections import Counter, defaultdict

from rich.console import Console
from rich.table import Table

from config.demo.run import Outcome
from config.demo.settlement import OwedRow
from ledger.money import Money

_SAYS = {True: "[green]same[/]", False: "[red]DIFFERENT[/]"}


def print_report(outcome: Outcome, *, seed: int, console: Console) -> None:
    """Print who came, what each record says of the money, and what is on the shelf."""
    requests = sum(visit.requests for visit in outcome.visits)
    console.print(_buyers(outcome))
    by_psp = Counter(visit.buyer.psp for visit in outcome.visits)
    paid_by = ", ".join(f"{count} by {psp}" for psp, count in sorted(by_psp.items()))
    console.print(
        f"{len(outcome.visits)} buyers (seed {seed}), {requests} requests, {outcome.webhooks_delivered} webhook "
        f"deliveries (each event twice, shuffled), {outcome.seconds:.1f} s; paid {paid_by}\n"
    )
    console.print(f"{outcome.dispatched}\n")
    console.print(_money(outcome))
    if outcome.unmatched:
        console.print(f"[red]Charges that a PSP and we disagree about: {', '.join(outcome.unmatched)}[/]\n")
    else:
        console.print(f"All {outcome.charges} charges in the PSPs' record are ours, one to one, to the cent.\n")
    console.print(f"What Stripe owes, after {outcome.lines} lines of its settlement and a payout")
    for row in outcome.owed:
        console.print(_owed(row), highlight=False, soft_wrap=True)
    console.print()
    console.print(_stock(outcome))


def _buyers(outcome: Outcome) -> Table:
    table = Table("what happened", "buyers", "orders", "requests", "ended as", title="Buyers", title_justify="left")
    rows = defaultdict(list)
    for visit in outcome.visits:
        rows[visit.buyer.story].append(visit)
    for story, visits in sorted(rows.items()):
        ends = Counter(visit.outcome for visit in visits)
        table.add_row(
            str(story),
            str(len(visits)),
            str(ends["ordered"]),
            str(sum(visit.requests for visit in visits)),
            ", ".join(f"{count} {end}" for end, count in sorted(ends.items())),
        )
    return table


def _money(outcome: Outcome) -> Table:
    table = Table("", "orders", "the PSPs' record", "ledger", "", title="Money", title_justify="left")
    for row in outcome.money:
        figures = (row.orders_minor, row.psp_minor, row.ledger_minor)
        shown = [_bare(Money(minor, row.currency)) for minor in figures]
        table.add_row(row.currency, *shown, _SAYS[row.agrees])
    return table


def _owed(row: OwedRow) -> str:
    """Return one currency's way from what the PSP owed before to what it owes now."""
    steps = (
        (row.captured_minor, "captured"),
        (-row.refunded_minor, "refunded"),
        (-row.fees_minor, "fees"),
        (-row.paid_out_minor, "paid out"),
        (row.others_minor, "others"),
    )
    told = "".join(
        f" {'+' if minor > 0 else '-'} {_bare(Money(abs(minor), row.currency))} {what}"
        for minor, what in steps
        if minor
    )
    opening, closing = (_bare(Money(minor, row.currency)) for minor in (row.opening_minor, row.closing_minor))
    unexplained = _bare(Money(row.unexplained_minor, row.currency))
    says = "as the PSP says" if row.agrees else f"[red]the PSP says {Money(row.at_psp_minor, row.currency)}[/]"
    return f"{row.currency} {opening} owed before{told} = {closing}, {says}; unexplained: {unexplained}"


def _bare(money: Money) -> str:
    return str(money).removeprefix(f"{money.currency} ")


def _stock(outcome: Outcome) -> Table:
    table = Table("SKU", "on hand", "reserved", "to ship", "", title="Stock", title_justify="left")
    for row in outcome.stock:
        table.add_row(row.sku, str(row.on_hand), str(row.reserved), str(row.to_ship), _SAYS[row.agrees])
    return table
