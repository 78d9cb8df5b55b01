"""``manage.py verify``: is everything that must be true, true? Exit code 1 if not."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict

from django.core.management.base import BaseCommand
from rich.console import Console

from config.verification import all_checks
from exactly_once.verification import CheckResult


class Command(BaseCommand):
    """Check every invariant."""

    help = "Check every invariant of the whole system: one line each, exit code 1 if one is broken. Changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take ``--json``."""
        parser.add_argument("--json", action="store_true", help="Print one JSON object instead of lines.")

    def handle(self, *_args: object, **options: object) -> None:
        """Run the checks and report."""
        if options["json"]:
            results = list(all_checks())
            self.stdout.write(
                json.dumps({"passed": all(row.passed for row in results), "checks": [asdict(row) for row in results]})
            )
        else:
            results = print_checks(Console())
        if not all(row.passed for row in results):
            sys.exit(1)


def print_checks(console: Console) -> list[CheckResult]:
    """Run the checks, print each as it ends, and sum up."""
    results = []
    for row in all_checks():
        results.append(row)
        mark = "[green]ok  [/]" if row.passed else "[red]FAIL[/]"
        console.print(f"{mark} {row.name} [dim]({row.checked} checked)[/]", soft_wrap=True)
        if not row.passed:
            console.print(f"     [red]{row.detail}[/]", highlight=False, soft_wrap=True)
    broken = sum(not row.passed for row in results)
    if broken:
        console.print(f"[red]{broken} of {len(results)} invariants are broken.[/]")
    else:
        console.print(f"[green]All {len(results)} invariants hold.[/]")
    return results
