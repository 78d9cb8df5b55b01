"""``manage.py ledger_import``: post the transactions of a file. Exit code 1 if something was refused."""

import sys
from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import Progress

from exactly_once.errors import TallyError
from ledger.interchange.import_ import READERS, Imported, Listeners, import_file
from ledger.interchange.records import RefusedLine

# A file of the wrong kind is wrong on every line: the first hundred tell enough.
MOST_LINES_SHOWN = 100


class Command(BaseCommand):
    """Import into a book."""

    help = "Post the transactions of a CSV or JSON Lines file. Run again, it goes on where it stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the book, the format and the file."""
        parser.add_argument("--book", required=True, help="The book's code.")
        parser.add_argument("--format", required=True, choices=sorted(READERS))
        parser.add_argument("--dry-run", action="store_true", help="Try every batch, keep none.")
        parser.add_argument("file", type=Path)

    def handle(self, *_args: object, **options: object) -> None:
        """Post the file and say on standard error what came of it."""
        console = Console(stderr=True)
        path, dry_run = options["file"], bool(options["dry_run"])
        assert isinstance(path, Path)
        try:
            done = _import(
                path, str(options["book"]), str(options["format"]), console, dry_run=bool(options["dry_run"])
            )
        except (TallyError, OSError) as error:
            raise CommandError(str(error)) from error
        _report(done, console, dry_run=dry_run)
        if done.tally.refused:
            sys.exit(1)


def _import(path: Path, book: str, format_: str, console: Console, *, dry_run: bool) -> Imported:
    shown = 0
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"importing {path.name}", total=path.stat().st_size)

        def refused(line: RefusedLine) -> None:
            nonlocal shown
            shown += 1
            if shown <= MOST_LINES_SHOWN:
                _say(console, str(line))
            elif shown == MOST_LINES_SHOWN + 1:
                _say(console, "... and more")

        listeners = Listeners(progress=lambda read_bytes: bar.advance(task, read_bytes), refused=refused)
        return import_file(book=book, format=format_, path=path, dry_run=dry_run, listeners=listeners)


def _report(done: Imported, console: Console, *, dry_run: bool) -> None:
    tally = done.tally
    counted = f"{tally.posted} transactions posted, {tally.replayed} known before, {tally.refused} refused"
    if done.already_done:
        _say(console, f"This file was imported before: {counted}. Nothing to do.")
    elif dry_run:
        _say(console, f"Dry run, nothing is kept: {counted}.")
    elif done.resumed_after_line:
        _say(console, f"Went on after line {done.resumed_after_line}: {counted}.")
    else:
        _say(console, f"{counted}.")
    if tally.refused:
        _say(console, "A refused line keeps its whole batch out. Mend the books or the file, then run this again.")


def _say(console: Console, text: str) -> None:
    """Print what may quote the file: no markup, and no control character reaches the terminal."""
    shown = "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
    console.print(shown, markup=False, highlight=False, soft_wrap=True)
