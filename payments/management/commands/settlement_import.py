"""``manage.py settlement_import``: read a PSP account's settlement and book it. Exit code 1 if it could not be read."""

from argparse import ArgumentParser
from collections import Counter
from datetime import UTC, datetime

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from exactly_once.errors import TallyError
from payments.import_settlement import import_settlement, restart_import
from payments.settle_line import settle_due_lines
from payments.states import LineState

LINES_AT_ONCE = 2_000


class Command(BaseCommand):
    """Import the settlement of one account."""

    help = "Read the settlement lines of a PSP account and book them. Run again, it goes on where it stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the account, and from when on its lines are read."""
        parser.add_argument("--psp", required=True, help="Such as stripe.")
        parser.add_argument("--account", default="main", help="The account's name in the settings.")
        parser.add_argument(
            "--since",
            type=_moment,
            metavar="DATE",
            help="Read again from this day (ISO 8601, UTC) on. Otherwise from where the last one stopped; the first "
            "begins with the account's first attempt.",
        )

    def handle(self, *_args: object, **options: object) -> None:
        """Read, then book, and say on standard error what came of it."""
        psp, account, since = str(options["psp"]), str(options["account"]), options["since"]
        console = Console(stderr=True)
        if isinstance(since, datetime):
            restart_import(psp=psp, account=account, since=since, now=datetime.now(UTC))
        try:
            read, new = _read(psp, account, console)
        except TallyError as error:
            raise CommandError(str(error)) from error
        states = _settle(console)
        told = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
        console.print(f"{read} lines read, {new} of them new; settled: {told or 'none'}.", highlight=False)


def _read(psp: str, account: str, console: Console) -> tuple[int, int]:
    read = new = 0
    with console.status("reading") as status:
        while True:
            page = import_settlement(psp=psp, account=account, now=datetime.now(UTC))
            if page.failure:
                raise CommandError(f"{read} lines read, then: {page.failure}")
            read, new = read + page.read, new + page.new
            status.update(f"{read} lines read")
            if not page.more:
                return read, new


def _settle(console: Console) -> Counter[LineState]:
    states: Counter[LineState] = Counter()
    with console.status("settling") as status:
        while True:
            settled = settle_due_lines(limit=LINES_AT_ONCE, now=datetime.now(UTC))
            states += settled.by_state
            status.update(f"{states.total()} lines settled")
            if not settled.more:
                return states


def _moment(text: str) -> datetime:
    told = datetime.fromisoformat(text)
    return told if told.tzinfo else told.replace(tzinfo=UTC)
