"""What the parameters of lists say. One that is none of its kind is named; one that is not known is left alone."""

from collections.abc import Mapping
from datetime import UTC, datetime

from django.http import QueryDict

from exactly_once.errors import FieldError, InvalidInput


def one_of[T](asked: QueryDict, name: str, choices: Mapping[str, T]) -> T:
    """Return what the parameter chooses.

    :raises InvalidInput: ``unknown_choice``, naming the parameter.
    """
    text = str(asked[name])
    if text not in choices:
        raise refused(FieldError(f"/{name}", "unknown_choice", f"One of {', '.join(choices)} is expected."))
    return choices[text]


def time(asked: QueryDict, name: str) -> datetime:
    """Return the time that the parameter names; without an offset it is UTC.

    :raises InvalidInput: ``not_a_time``, naming the parameter.
    """
    try:
        at = datetime.fromisoformat(str(asked[name]))
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        error = FieldError(f"/{name}", "not_a_time", "A time is written as 2026-11-23T12:00:00Z.")
        raise refused(error) from None


def refused(error: FieldError) -> InvalidInput:
    """Refuse a query for one of its parameters."""
    return InvalidInput(code="invalid_input", detail="A parameter breaks a rule; see errors.", fields=(error,))
