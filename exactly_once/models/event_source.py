"""Producers that may send us events, and how often each of them sent what."""

from datetime import timedelta

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from exactly_once.event_keys import check_pointers
from exactly_once.event_schemas import check_schema
from exactly_once.triggers import refuse

KEY_KINDS = ("id", "content")


def at_id() -> list[str]:
    """Return the default: the event's own field ``id``."""
    return ["/id"]


class EventSource(models.Model):
    """A producer. Its name and the rule of its keys never change: known events would come in once more."""

    name = models.SlugField(
        max_length=50, unique=True, help_text="Stands in the address: /api/v1/events/NAME. Cannot be changed later."
    )
    enabled = models.BooleanField(default=True, help_text="Off: its events are refused with 409.")
    has_handler = models.BooleanField(
        default=False,
        help_text="On: a handler in the code gives each event its effect; while there is none, events wait as parked. "
        "Off: events are recorded and told from duplicates, and that is all.",
    )
    key_by = models.CharField(
        max_length=16,
        default="id",
        choices=[("id", "an id in the event"), ("content", "some of its fields, hashed")],
        help_text="What makes two events the same one. Cannot be changed later.",
    )
    key_pointers = models.JSONField(
        default=at_id,
        validators=[check_pointers],
        help_text='JSON Pointers (RFC 6901) of the id, one: ["/id"]; or of the fields: ["/order", "/lines/0/sku"]; '
        '[""] is the whole event. Cannot be changed later.',
    )
    window = models.DurationField(
        null=True,
        blank=True,
        help_text="How long after it was accepted an event counts as known (7 00:00:00 is a week). Empty: for ever.",
    )
    schema = models.JSONField(
        null=True, blank=True, validators=[check_schema], help_text="A JSON Schema that every event has to fit."
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="event_source_window_positive", condition=Q(window=None) | Q(window__gt=timedelta(0))
            ),
            models.CheckConstraint(name="event_source_key_kind_known", condition=Q(key_by__in=KEY_KINDS)),
            models.CheckConstraint(
                name="event_source_id_at_one_place", condition=~Q(key_by="id") | Q(key_pointers__1__isnull=True)
            ),
        ]
        triggers = [
            refuse(
                name="key_fixed",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "((NEW.name, NEW.key_by, NEW.key_pointers)"
                    " IS DISTINCT FROM (OLD.name, OLD.key_by, OLD.key_pointers))"
                ),
                says="what an event source is called, and the rule of its keys, never change",
            )
        ]

    def __str__(self) -> str:
        return self.name


class EventTally(models.Model):
    """How many events of a source an API client sent, by what became of them.

    Spread over stripes, so that requests at the same time do not wait for one row: the counts are sums.
    """

    source = models.ForeignKey(EventSource, on_delete=models.PROTECT, related_name="tallies")
    account = models.CharField(max_length=64)
    stripe = models.SmallIntegerField()
    accepted = models.BigIntegerField(db_default=0)
    duplicates = models.BigIntegerField(db_default=0)
    conflicts = models.BigIntegerField(db_default=0)
    invalid = models.BigIntegerField(db_default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="event_tally_once_per_stripe", fields=["source", "account", "stripe"])
        ]

    def __str__(self) -> str:
        return f"{self.source_id} {self.account} {self.stripe}"
