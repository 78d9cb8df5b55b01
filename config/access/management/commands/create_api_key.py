"""Make an API key and print it, once."""

from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from config.access.models import SCOPES, ApiKey


class Command(BaseCommand):
    """``manage.py create_api_key "Web shop" --client shop --scope checkout``."""

    help = "Make an API key and print it. It cannot be printed again: the database keeps only its hash."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="for people: who holds the key, and what for")
        parser.add_argument("--client", required=True, help="whose objects and idempotency keys it reaches")
        parser.add_argument(
            "--scope", required=True, action="append", choices=SCOPES, help="what it may do; may be given several times"
        )
        parser.add_argument("--days", type=int, help="after which it expires (default: never)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the key alone, so that a script can take it."""
        now, days = datetime.now(UTC), options["days"]
        if days is not None and days < 1:
            raise CommandError("--days must be at least 1.")
        try:
            _, key = ApiKey.issue(
                name=options["name"],
                client=options["client"],
                scopes=options["scope"],
                now=now,
                expires_at=None if days is None else now + timedelta(days=days),
            )
        except ValidationError as error:
            raise CommandError(
                "; ".join(f"{field}: {' '.join(told)}" for field, told in error.message_dict.items())
            ) from None
        self.stdout.write(key)
