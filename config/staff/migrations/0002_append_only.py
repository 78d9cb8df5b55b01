from typing import ClassVar

from django.db import migrations

from exactly_once.migration_sql import run_sql_file


class Migration(migrations.Migration):
    dependencies: ClassVar = [("staff", "0001_initial")]

    operations: ClassVar = [
        run_sql_file(__file__, "0001_append_only", reverse="GRANT UPDATE, DELETE ON staff_auditevent TO tally_app;"),
    ]
