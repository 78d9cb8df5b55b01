"""SQL that migrations run: one object per file, in the migrations/sql folder beside them, with its reverse."""

from pathlib import Path

from django.db.migrations import RunSQL


def run_sql_file(migration_file: str, name: str, *, reverse: str) -> RunSQL:
    """Return an operation that runs ``sql/{name}.sql`` beside ``migration_file``; ``reverse`` undoes it."""
    path = Path(migration_file).parent / "sql" / f"{name}.sql"
    return RunSQL(path.read_text(encoding="utf-8"), reverse_sql=reverse)
