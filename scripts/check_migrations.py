"""Fail where a model has changed and no migration says so: `make check-migrations`. Needs no database server."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django
from django.conf import settings
from django.core.management import call_command

# makemigrations asks the server which migrations it has applied, which is not the question here.
settings.DATABASES["default"]["ENGINE"] = "django.db.backends.dummy"
django.setup()
call_command("makemigrations", check_changes=True, dry_run=True)
