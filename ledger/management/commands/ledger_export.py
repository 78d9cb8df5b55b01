"""``manage.py ledger_export``: a book as CSV, JSON Lines or Beancount."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import BinaryIO

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import Progress

from exactly_once.errors import TallyError
from ledger.interchange.export import FORMATS, Exported, export_book, resume_export
from ledger.interchange.rows import require_book


class Command(BaseCommand):
    """Export a book."""

    help = "Write a book's transactions, with their entries and accounts, to a file or to standard output."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the book, the format and the file."""
        parser.add_argument("--book", required=True, help="The book's code.")
        parser.add_argument("--format", required=True, choices=sorted(FORMATS))
        parser.add_argument("--output", required=True, metavar="FILE", help="Where to; - is standard output.")
        parser.add_argument(
            "--resume", action="store_true", help="Go on with a file that was cut in the middle, or begin it."
        )

    def handle(self, *_args: object, **options: object) -> None:
        """Write the file and say on standard error what was written."""
        output = str(options["output"])
        if output == "-" and options["resume"]:
            raise CommandError("Standard output cannot be resumed: give a file.")
        console = Console(stderr=True)
        try:
            require_book(book=str(options["book"]))  # before the file is opened, and emptied
            done = self._export(output, str(options["book"]), str(options["format"]), console, bool(options["resume"]))
        except (TallyError, OSError) as error:
            raise CommandError(str(error)) from error
        went_on = f", after {done.resumed_after_id} that were there" if done.resumed_after_id else ""
        console.print(f"{done.transactions} transactions written{went_on}.", highlight=False)

    def _export(self, output: str, book: str, format_: str, console: Console, resume: bool) -> Exported:  # noqa: FBT001
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task(f"exporting {book}", total=None)

            def progress(last_id: int, through: int) -> None:
                bar.update(task, completed=last_id, total=through)

            if output == "-":
                return export_book(book=book, format=format_, file=sys.stdout.buffer, progress=progress)
            with _opened(Path(output), resume=resume) as file:
                verb = resume_export if resume else export_book
                return verb(book=book, format=format_, file=file, progress=progress)


def _opened(path: Path, *, resume: bool) -> BinaryIO:
    return path.open("r+b") if resume and path.exists() else path.open("w+b")
