"""``manage.py bench SUBJECT``: how fast something is, beside others that run in turns with it."""

from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.bench.admin import command as admin
from config.bench.checkout import command as checkout
from config.bench.ledger import command as ledger
from config.bench.pgbench import PgbenchFailedError
from config.bench.reconcile import command as reconcile
from config.bench.server import AnotherRuns
from config.bench.stock import command as stock
from config.bench.webhooks import command as webhooks
from config.environment import PRODUCTION
from config.services.postgres import ServerFailedError


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that can be measured."""

    help: str
    add_arguments: Callable[[ArgumentParser], None]
    run: Callable[..., None]


SUBJECTS = {
    "admin": Subject(admin.HELP, admin.add_arguments, admin.run),
    "checkout": Subject(checkout.HELP, checkout.add_arguments, checkout.run),
    "ledger": Subject(ledger.HELP, ledger.add_arguments, ledger.run),
    "reconcile": Subject(reconcile.HELP, reconcile.add_arguments, reconcile.run),
    "stock": Subject(stock.HELP, stock.add_arguments, stock.run),
    "webhooks": Subject(webhooks.HELP, webhooks.add_arguments, webhooks.run),
}


class Command(BaseCommand):
    """Measure on a server of its own, which is removed afterwards: nobody's data are touched."""

    help = "Measure how fast something is, as ratios to what runs beside it on the same server (docs/benchmarks.md)."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a subject, and what it takes."""
        subjects = parser.add_subparsers(dest="subject", required=True)
        for name, subject in SUBJECTS.items():
            arguments = subjects.add_parser(name, help=subject.help)
            arguments.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
            subject.add_arguments(arguments)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Measure and report."""
        if settings.ENVIRONMENT == PRODUCTION:
            raise CommandError("`bench` takes the whole machine: not where a production service runs.")
        try:
            SUBJECTS[options["subject"]].run(options=options, state_dir=Path(settings.STATE_DIR))
        except AnotherRuns:
            raise CommandError(f"Another benchmark runs in {settings.STATE_DIR}: both would be wrong.") from None
        except (PgbenchFailedError, ServerFailedError) as error:
            raise CommandError(str(error)) from None
