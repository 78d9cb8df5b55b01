"""What rows of payments have in common."""

from enum import StrEnum

from django.db import models
from django.db.models import Q


def one_of(states: type[StrEnum], *, field: str = "state") -> Q:
    """Return the condition that a row's state, or another field of it, is one of these."""
    return Q(**{f"{field}__in": [str(state) for state in states]})


def due_index(*, name: str) -> models.Index:
    """Return an index of the rows that somebody is to look at."""
    return models.Index(name=name, fields=["next_check_at"], condition=Q(next_check_at__isnull=False))


def named_index(*, name: str) -> models.Index:
    """Return an index by the PSP's word for a row: what webhooks and settlement lines call it by."""
    return models.Index(name=name, fields=["psp_reference"], condition=Q(psp_reference__isnull=False))
