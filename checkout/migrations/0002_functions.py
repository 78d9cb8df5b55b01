from typing import ClassVar

from django.db import migrations

from exactly_once.migration_sql import run_sql_file

# Each file with what undoes it.
FILES = {
    "0001_hold_stock": "DROP FUNCTION checkout_hold_stock;",
    "0002_release_stock": "DROP FUNCTION checkout_release_stock;",
    "0003_part_units": "DROP FUNCTION checkout_part_units;",
    "0004_enter_window": "DROP FUNCTION checkout_enter_window;",
    "0005_lock_session": "DROP FUNCTION checkout_lock_session;",
}


class Migration(migrations.Migration):
    dependencies: ClassVar = [("checkout", "0001_initial")]

    operations: ClassVar = [run_sql_file(__file__, name, reverse=reverse) for name, reverse in FILES.items()]
