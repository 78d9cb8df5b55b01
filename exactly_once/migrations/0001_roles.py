from typing import ClassVar

from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations

from exactly_once.migration_sql import run_sql_file


class Migration(migrations.Migration):
    initial = True
    dependencies: ClassVar = []
    # Before every table, so that the default privileges reach them all.
    run_before: ClassVar = [("contenttypes", "0001_initial"), ("sessions", "0001_initial")]

    operations: ClassVar = [
        # For constraints on spans of time: of one price per currency at any time, and the like.
        BtreeGistExtension(),
        run_sql_file(
            __file__,
            "0001_roles",
            # The role stays: other databases of this server may use it.
            reverse="""
                DROP SEQUENCE exactly_once_outbox_seq;
                ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM tally_app;
                ALTER DEFAULT PRIVILEGES REVOKE ALL ON SEQUENCES FROM tally_app;
                REVOKE USAGE ON SCHEMA public FROM tally_app;
            """,
        ),
    ]
