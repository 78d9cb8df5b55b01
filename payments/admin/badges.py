"""How many things wait for somebody: the numbers in the sidebar. None where nothing does."""

from collections.abc import Callable
from datetime import UTC, datetime

from django.http import HttpRequest

from payments import figures


def unknown_outcomes(request: HttpRequest) -> int | None:
    """Return how many attempts nobody knows the outcome of, to whoever may see them."""
    return _seen(request, "attempt", lambda: figures.unknown().count())


def proposed_decisions(request: HttpRequest) -> int | None:
    """Return how many decisions wait for a second person."""
    return _seen(request, "decision", lambda: figures.proposed_decisions(now=datetime.now(UTC)).number)


def open_breaks(request: HttpRequest) -> int | None:
    """Return how many breaks are open."""
    return _seen(request, "break", lambda: figures.waiting_breaks(now=datetime.now(UTC)).number)


def _seen(request: HttpRequest, model: str, count: Callable[[], int]) -> int | None:
    return (count() or None) if request.user.has_perm(f"payments.view_{model}") else None
