"""``manage.py verify``: is everything that must be true, true? Exit code 1 if not."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from datetime import UTC, datetime

from django.core.management.base import BaseCommand
from rich.console import Console
from rich.markup import escape

from config.replay.projection import Replayed
from config.replay.stages import replay_all
from config.verification import all_checks
from exactly_once.verification import CheckResult


class Command(BaseCommand):
    """Check every invariant."""

    help = "Check every invariant of the whole system: one line each, exit code 1 if one is broken. Changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take ``--json``."""
        parser.add_argument("--json", action="store_true", help="Print one JSON object instead of lines.")
        parser.add_argument(
            "--replay",
            action="store_true",
            help="Also rebuild balances, payments, orders, stock and deliveries from what is only ever appended, and"
            " compare them with what is stored, stage by stage.",
        )

    def handle(self, *_args: object, **options: object) -> None:
        """Run the checks and report."""
        if options["json"]:
            results = list(all_checks(now=datetime.now(UTC)))
            replayed = list(replay_all()) if options["replay"] else []
            report = {"checks": [asdict(row) for row in results], "replay": [asdict(row) for row in replayed]}
            passed = all_hold(results, replayed)
            self.stdout.write(json.dumps({"passed": passed, **report}))
        else:
            console = Console()
            results = print_checks(console)
            replayed = print_replay(console) if options["replay"] else []
        if not all_hold(results, replayed):
            sys.exit(1)


def all_hold(results: list[CheckResult], replayed: list[Replayed]) -> bool:
    """Return whether nothing is broken and nothing differs."""
    return all(row.passed for row in results) and all(row.passed for row in replayed)


def print_checks(console: Console) -> list[CheckResult]:
    """Run the checks, print each as it ends, and sum up."""
    results = []
    for row in all_checks(now=datetime.now(UTC)):
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


def print_replay(console: Console) -> list[Replayed]:
    """Replay every stage; print each with its hash, and what differs."""
    done = []
    for row in replay_all():
        done.append(row)
        mark = "[green]ok  [/]" if row.passed else "[red]FAIL[/]"
        console.print(
            f"{mark} replay, {row.stage}: {row.name} [dim]({row.rows} rows, hash {row.rebuilt_hash})[/]",
            highlight=False,
            soft_wrap=True,
        )
        for difference in row.differences:
            console.print(f"     [red]{escape(difference)}[/]", highlight=False, soft_wrap=True)
    differing = sum(not row.passed for row in done)
    if differing:
        console.print(f"[red]{differing} of {len(done)} stages differ from what was rebuilt.[/]")
    else:
        console.print(f"[green]All {len(done)} stages are as they were rebuilt.[/]")
    return done
