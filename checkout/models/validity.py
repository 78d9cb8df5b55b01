"""From when until when something holds: prices, discounts, tax rates."""

from datetime import datetime

from django.contrib.postgres.fields import DateTimeRangeField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, Q

_HELP = "UTC; empty: without an end on this side."


class HoldsForATime(models.Model):
    """Holds from ``valid_from`` until just before ``valid_until``; empty: without an end on that side."""

    valid_from = models.DateTimeField(null=True, blank=True, help_text=_HELP)
    valid_until = models.DateTimeField(null=True, blank=True, help_text=_HELP)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                name="%(class)s_ends_after_it_begins",
                condition=Q(valid_from=None) | Q(valid_until=None) | Q(valid_until__gt=F("valid_from")),
            )
        ]

    def clean(self) -> None:
        """Say it of the field, too: forms then spare PostgreSQL a time that runs backwards, which is no range."""
        if self.valid_from and self.valid_until and self.valid_until <= self.valid_from:
            raise ValidationError({"valid_until": "valid_until is after valid_from."})


class TsTzRange(Func):
    """The time from one column to another, without its end; an empty column is no bound."""

    function = "tstzrange"
    output_field = DateTimeRangeField()


def valid_at(now: datetime) -> Q:
    """Return the condition of holding at ``now``."""
    return (Q(valid_from=None) | Q(valid_from__lte=now)) & (Q(valid_until=None) | Q(valid_until__gt=now))
