from typing import ClassVar

import django.db.models.functions.datetime
from django.db import migrations, models

from exactly_once.migration_sql import run_sql_file


class Migration(migrations.Migration):
    dependencies: ClassVar = [("exactly_once", "0006_outgoing_webhooks")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="ChangeFeed",
            fields=[
                ("slot", models.CharField(max_length=63, primary_key=True, serialize=False)),
                ("epoch", models.UUIDField()),
                ("system", models.CharField(max_length=40)),
                ("started_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        # The table goes, and with it what was taken away on it.
        run_sql_file(__file__, "0007_change_feed", reverse=""),
    ]
