"""What rows of payments have in common."""

import uuid
from enum import StrEnum

from django.db import models
from django.db.models import Q


class Movement(models.Model):
    """Money that a PSP is asked to move, under a key of its own: ``pending`` until the PSP has said how that ended."""

    public_id = models.CharField(max_length=40, unique=True)
    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=32, default="pending")
    psp_reference = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001 - unique where known
    failure_reason = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField()
    # When the PSP was first asked: its memory of our key cannot have begun before.
    sent_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    next_check_at = models.DateTimeField(null=True, blank=True)
    checks = models.IntegerField(default=0)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.public_id


def one_of(states: type[StrEnum], *, field: str = "state") -> Q:
    """Return the condition that a row's state, or another field of it, is one of these."""
    return Q(**{f"{field}__in": [str(state) for state in states]})


def due_index(*, name: str) -> models.Index:
    """Return an index of the rows that somebody is to look at."""
    return models.Index(name=name, fields=["next_check_at"], condition=Q(next_check_at__isnull=False))


def named_index(*, name: str) -> models.Index:
    """Return an index by the PSP's word for a row: what webhooks and settlement lines call it by."""
    return models.Index(name=name, fields=["psp_reference"], condition=Q(psp_reference__isnull=False))
