"""Which constraint an error of the database is about. Names, never message texts."""

from django.db import Error


def violated(error: Error) -> str:
    """Return the name of the constraint that was violated; empty where it is about none."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return str(getattr(diagnosis, "constraint_name", None) or "")
