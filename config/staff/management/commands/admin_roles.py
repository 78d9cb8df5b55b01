"""Make the admin's roles."""

from typing import Any

from django.core.management import BaseCommand

from config.staff.roles import make_roles


class Command(BaseCommand):
    """Run after each `migrate`: new tables bring new permissions."""

    help = "Make the groups viewer, operator, approver and admin, or give them their permissions back."

    def handle(self, *args: Any, **options: Any) -> None:
        """Make them, and say what each may do."""
        for role, permissions in make_roles().items():
            self.stdout.write(f"{role}: {permissions} permissions")
