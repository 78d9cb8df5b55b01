"""``manage.py inbox_replay``: process events from outside again, or show what that would change."""

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import track
from rich.table import Table

from exactly_once.inbox_preview import Preview
from exactly_once.inbox_replay import WAITING, EventRange, count, preview_each, replay_each
from exactly_once.models.inbox_event import INBOX_STATES

SHOWN = 20  # differences in full; the rest is counted


class Command(BaseCommand):
    """Replay the inbox."""

    help = "Process inbox events again, the oldest first. --dry-run takes everything back and shows the difference."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take which events, and whether for good."""
        parser.add_argument("--source", help="Only events of this source, such as stripe.")
        parser.add_argument("--account", help="Only events of this account of the source.")
        parser.add_argument("--since", type=_time, help="Received at this time or later, such as 2026-11-01.")
        parser.add_argument("--until", type=_time, help="Received before this time.")
        parser.add_argument(
            "--state", action="append", choices=INBOX_STATES, help=f"May be given again; else {', '.join(WAITING)}."
        )
        parser.add_argument("--dry-run", action="store_true", help="Change nothing, and show what would change.")

    def handle(self, *_args: object, **options: object) -> None:
        """Replay, with a bar, and print what came of it; exit with 1 where an event is still open."""
        chosen = EventRange(
            source=_text(options["source"]),
            account=_text(options["account"]),
            since=options["since"],  # type: ignore[arg-type]  # argparse calls _time
            until=options["until"],  # type: ignore[arg-type]  # the same
            states=tuple(options["state"] or WAITING),  # type: ignore[arg-type]  # a list of choices
        )
        console = Console()
        total = count(chosen=chosen)
        if options["dry_run"]:
            outcomes = self._dry_run(console, _bar(console, preview_each(chosen=chosen, now=datetime.now(UTC)), total))
        else:
            each = replay_each(chosen=chosen, now=datetime.now(UTC))
            outcomes = Counter(state for _, state in _bar(console, each, total))
        console.print(_summary(outcomes, dry_run=bool(options["dry_run"])))
        open_ = sum(number for outcome, number in outcomes.items() if not outcome.startswith("processed"))
        if open_:
            raise CommandError(f"{open_} of {sum(outcomes.values())} events have not had their effect.")

    def _dry_run(self, console: Console, previews: Iterable[Preview]) -> Counter[str]:
        outcomes: Counter[str] = Counter()
        for shown in previews:
            same = shown.outcome == "processed" and not shown.changes_anything
            outcomes[f"{shown.outcome}, no change" if same else shown.outcome] += 1
            if not same and sum(outcomes.values()) <= SHOWN:
                console.print(_difference(shown), highlight=False, markup=False)
        return outcomes


def _difference(shown: Preview) -> str:
    head = f"{shown.event}: {shown.state} -> {shown.outcome}"
    tables = [
        f"  {change.table}: {change.inserted} inserted, {change.updated} updated, {change.deleted} deleted"
        for change in shown.changes
    ]
    return "\n".join([f"{head} ({shown.reason})" if shown.reason else head, *tables, *(f"  {x}" for x in shown.lines)])


def _summary(outcomes: Counter[str], *, dry_run: bool) -> Table:
    table = Table("would be" if dry_run else "is now", "events")
    for outcome, number in sorted(outcomes.items()):
        table.add_row(outcome, f"{number:,}")
    table.add_section()
    table.add_row("all", f"{sum(outcomes.values()):,}")
    return table


def _bar[T](console: Console, each: Iterable[T], total: int) -> Iterable[T]:
    return track(each, "replaying", total=total, console=console, transient=True, disable=not console.is_terminal)


def _text(option: object) -> str | None:
    return None if option is None else str(option)


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
