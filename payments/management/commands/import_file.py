"""``manage.py import_file``: a settlement report or a bank statement, whole or not at all. Exit code 1: refused."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.markup import escape

from exactly_once.errors import TallyError
from payments.apply_file import apply_file
from payments.models import FileImport
from payments.read_file import read_file
from payments.receive_file import Upload, receive_file
from payments.states import FileKind, FileState

BAD_ROWS_SHOWN = 20
# Enough for any file that is let in.
ALL_PAGES = 1_000_000


class Command(BaseCommand):
    """Import one file."""

    help = (
        "Import a settlement report or a bank statement. Stopped, it goes on when it is run again with the same file."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file, and what it is."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--kind", required=True, choices=[str(kind) for kind in FileKind])
        parser.add_argument("--account", default="main", help="The PSP account's, or the bank account's, name.")
        parser.add_argument("--mapping", default="", help="Of a bank_csv: the CSV mapping's name in the admin.")

    def handle(self, *_args: object, **options: object) -> None:
        """Import it, and say on standard error what came of it."""
        path, console = Path(str(options["file"])), Console(stderr=True)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
        upload = Upload(
            FileKind(str(options["kind"])), str(options["account"]), path.name, content, str(options["mapping"])
        )
        try:
            file_id = receive_file(upload=upload, by=getuser()[:150], now=datetime.now(UTC))
            state = _import(file_id, console)
        except TallyError as error:
            raise CommandError(str(error)) from error
        file = FileImport.objects.get(public_id=file_id)
        if state is not FileState.APPLIED:
            raise CommandError(_refusal(file, console))
        told = f"{file_id}: {file.rows_new} new, {file.rows_known} known, {file.rows_skipped} passed over."
        console.print(told, highlight=False)


def _import(file_id: str, console: Console) -> FileState:
    state = FileState.RECEIVED
    with console.status("reading") as status:
        for read in read_file(file_id=file_id, pages=ALL_PAGES, now=datetime.now(UTC)):
            state = read.state
            status.update(f"{read.rows} rows read")
    return apply_file(file_id=file_id, now=datetime.now(UTC)) if state is FileState.READ else state


def _refusal(file: FileImport, console: Console) -> str:
    bad = file.rows.exclude(reason="").order_by("number")
    for row in bad[:BAD_ROWS_SHOWN]:
        where = f"line {row.line}" + (f", {row.field}" if row.field else "")
        console.print(escape(f"{where}: {row.reason}"), highlight=False)
    if file.state != FileState.REFUSED:
        return f"{file.public_id} is being imported by somebody else."
    why = file.failure or f"{file.rows_bad} of {file.rows_read} rows are bad."
    return f"Nothing is imported. {why}"
