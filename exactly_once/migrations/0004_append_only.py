from typing import ClassVar

from django.db import migrations

from exactly_once.migration_sql import run_sql_file


class Migration(migrations.Migration):
    dependencies: ClassVar = [("exactly_once", "0003_inbox_body")]

    operations: ClassVar = [
        run_sql_file(
            __file__,
            "0002_append_only",
            reverse="""
                GRANT UPDATE, DELETE ON exactly_once_outboxevent TO tally_app;
                GRANT DELETE ON exactly_once_idempotencykey TO tally_app;
            """,
        )
    ]
