"""Give the service's processes a role of their own on a server that `up` does not run."""

from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError

from config.services.databases import LOGIN_ROLE, NotMigratedError, ensure_login_role


class Command(BaseCommand):
    """Run as the tables' owner after `migrate`; again after a change of the password."""

    help = f"Create the login role {LOGIN_ROLE}, or give it the password of DATABASE_APPLICATION_PASSWORD."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DATABASE_APPLICATION_PASSWORD:
            raise CommandError("DATABASE_APPLICATION_PASSWORD is missing.")
        try:
            ensure_login_role(owner_url=settings.DATABASE_URL, password=settings.DATABASE_APPLICATION_PASSWORD)
        except NotMigratedError:
            raise CommandError("The database has no tables yet: run `migrate` first.") from None
        self.stdout.write(f"{LOGIN_ROLE} may sign in.")
