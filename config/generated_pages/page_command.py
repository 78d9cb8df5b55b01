"""A command that writes one page, or says whether it is as the code would write it."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser


class PageCommand(BaseCommand):
    """Writes ``page`` with what :meth:`render` returns."""

    page: str
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Take ``--check``."""
        parser.add_argument("--check", action="store_true", help="write nothing; fail where the page is not up to date")

    def handle(self, *_args: Any, check: bool, **_options: Any) -> None:
        """Write or compare."""
        path, text = Path(settings.BASE_DIR, self.page), self.render()
        if not check:
            path.write_text(text)
            self.stdout.write(f"{self.page} written.")
        elif path.read_text() != text:
            raise CommandError(f"{self.page} is not what the code says: run manage.py {path.stem.replace('-', '_')}.")
        else:
            self.stdout.write(f"{self.page} is as the code says.")

    def render(self) -> str:
        """Return the page's text."""
        raise AssertionError("a page renders itself")
