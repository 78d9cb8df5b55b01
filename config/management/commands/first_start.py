"""Make a new database usable: the sample shop, an administrator and an API key."""

import secrets
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import BaseCommand, CommandError, call_command
from django_subatomic.db import transaction

from config.access.models import SCOPES, ApiKey, hash_key
from config.environment import PRODUCTION
from config.services.state import SignIn, StateDir, write_private
from config.staff.roles import make_roles

ADMIN_USERNAME = "admin"
# Both keys are one client's: what is bought on the shop page shows in the API's orders.
CLIENT = "cli_sample_shop"


class Command(BaseCommand):
    """Run by `up` after each migration; does its work once per database and state directory."""

    help = "Load the sample shop and make an administrator and an API key, unless that was done."

    def handle(self, *args: Any, **options: Any) -> None:
        """Make what is missing. The sign-in is written last: what was interrupted runs again."""
        if settings.ENVIRONMENT == PRODUCTION:
            raise CommandError("A production database gets no sample shop. Use createsuperuser and the admin.")
        _admit_shop_page()
        state = StateDir(settings.STATE_DIR)
        administrator = get_user_model().objects.filter(username=ADMIN_USERNAME)
        if state.sign_in() and administrator.exists():
            return
        call_command("sample_shop", verbosity=0)
        make_roles()
        with transaction():
            sign_in = SignIn(ADMIN_USERNAME, _make_administrator(), _make_api_key())
        write_private(state.sign_in_path, asdict(sign_in))


def _make_administrator() -> str:
    """Create the administrator, or give the existing one a new password, and return it."""
    password = secrets.token_urlsafe(12)
    user, _ = get_user_model().objects.get_or_create(username=ADMIN_USERNAME)
    user.is_staff = user.is_superuser = True
    user.set_password(password)
    user.save(update_fields=["is_staff", "is_superuser", "password"])
    return password


def _make_api_key() -> str:
    """Return a new API key with every scope."""
    _, key = ApiKey.issue(name="first start", client=CLIENT, scopes=SCOPES, now=datetime.now(UTC))
    return key


def _admit_shop_page() -> None:
    """Let the key of the shop page in. It opens the checkout only: whoever sees the page sees the key."""
    key = settings.SHOP_API_KEY
    if key and not ApiKey.objects.filter(key_hash=hash_key(key)).exists():
        ApiKey.issue(name="shop page", client=CLIENT, scopes=["checkout"], now=datetime.now(UTC), key=key)
