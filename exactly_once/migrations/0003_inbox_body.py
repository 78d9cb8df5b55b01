import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from exactly_once.migration_sql import run_sql_file


class Migration(migrations.Migration):
    dependencies = [("exactly_once", "0002_initial")]

    operations = [
        migrations.SeparateDatabaseAndState(
            # Django makes no partitioned tables.
            database_operations=[
                run_sql_file(__file__, "0003_inbox_body", reverse="DROP TABLE exactly_once_inboxbody;"),
            ],
            state_operations=[
                migrations.CreateModel(
                    name="InboxBody",
                    fields=[
                        (
                            "event",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="bodies",
                                to="exactly_once.inboxevent",
                            ),
                        ),
                        ("received_at", models.DateTimeField()),
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "event", "received_at", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("headers", models.JSONField(default=dict)),
                        ("body", models.BinaryField()),
                    ],
                ),
            ],
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="inboxbody",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            RAISE EXCEPTION '% is append-only', TG_TABLE_NAME\n                USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;\n        ",
                    hash="27546e03002fb4f80dcfdd73db6396a83db8058a",
                    level="STATEMENT",
                    operation="UPDATE OR DELETE OR TRUNCATE",
                    pgid="pgtrigger_append_only_4123c",
                    table="exactly_once_inboxbody",
                    when="BEFORE",
                ),
            ),
        ),
        run_sql_file(__file__, "0004_roll_inbox", reverse="DROP FUNCTION exactly_once_roll_inbox;"),
        # The first months, before anything can come in.
        migrations.RunSQL("SELECT exactly_once_roll_inbox(now(), '-infinity')", migrations.RunSQL.noop),
    ]
