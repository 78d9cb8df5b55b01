"""The demo's tables."""

from collections import Counter, defaultdict

from rich.console import Console
from rich.table import Table

from config.demo.run import Outcome
from ledger.money import Money

_SAYS = {True: "[green]same[/]", False: "[red]DIFFERENT[/]"}


def print_report(outcome: Outcome, *, seed: int, console: Console) -> None:
    """Print who came, what each record says of the money, and what is on the shelf."""
    requests = sum(visit.requests for visit in outcome.visits)
    console.print(_buyers(outcome))
    console.print(
        f"{len(outcome.visits)} buyers (seed {seed}), {requests} requests, {outcome.webhooks_delivered} webhook "
        f"deliveries (each event twice, shuffled), {outcome.seconds:.1f} s\n"
    )
    console.print(_money(outcome))
    if outcome.unmatched:
        console.print(f"[red]Charges that the PSP and we disagree about: {', '.join(outcome.unmatched)}[/]\n")
    else:
        console.print(f"All {outcome.charges} charges in the PSP's record are ours, one to one, to the cent.\n")
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
    table = Table("", "orders", "the PSP's record", "ledger", "", title="Money", title_justify="left")
    for row in outcome.money:
        figures = (row.orders_minor, row.psp_minor, row.ledger_minor)
        shown = [str(Money(minor, row.currency)).removeprefix(f"{row.currency} ") for minor in figures]
        table.add_row(row.currency, *shown, _SAYS[row.agrees])
    return table


def _stock(outcome: Outcome) -> Table:
    table = Table("SKU", "on hand", "reserved", "sold", "", title="Stock", title_justify="left")
    for row in outcome.stock:
        table.add_row(row.sku, str(row.on_hand), str(row.reserved), str(row.sold), _SAYS[row.agrees])
    return table
