"""What others told us, as they said it, until it has had its effect."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from exactly_once.append_only import append_only
from exactly_once.by_day import by_day
from exactly_once.final import final
from exactly_once.tracing import TRACEPARENT_LENGTH, TRACEPARENT_PATTERN

INBOX_STATES = ("received", "processed", "parked", "failed")


class InboxEvent(models.Model):
    """One event of a source. ``deliveries`` counts how often it came; the unique key lets it in once, for ever.

    ``generation`` counts how often a key was taken in anew, after its source's window had passed (entrance.py); a PSP's
    events have no window. ``fingerprint`` is what tells another event under the same key; None: nothing does.
    ``subjects`` are the ids that it speaks of, as its source writes them (inbox_subjects.py): by them it is found.
    """

    source = models.CharField(max_length=64)
    account = models.CharField(max_length=64)
    event_id = models.CharField(max_length=255)
    generation = models.IntegerField(db_default=0)
    fingerprint = models.BinaryField(max_length=32, null=True)
    state = models.CharField(max_length=16, db_default="received")
    deliveries = models.IntegerField(db_default=1)
    attempts = models.IntegerField(db_default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(db_default="", blank=True)
    received_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True, blank=True)
    traceparent = models.CharField(max_length=TRACEPARENT_LENGTH, db_default="", blank=True)
    subjects = ArrayField(models.CharField(max_length=255), default=list, db_default=[], blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="inbox_event_once", fields=["source", "account", "event_id", "generation"]),
            models.CheckConstraint(name="inbox_event_state_known", condition=Q(state__in=INBOX_STATES)),
            models.CheckConstraint(name="inbox_event_traceparent", condition=Q(traceparent__regex=TRACEPARENT_PATTERN)),
        ]
        indexes = [
            models.Index(
                name="inbox_event_due", fields=["next_attempt_at"], condition=Q(next_attempt_at__isnull=False)
            ),
            # Those given up on are not due, and counted all the same.
            models.Index(name="inbox_event_failed", fields=["received_at"], condition=Q(state="failed")),
            by_day(name="inbox_event_by_day", field="received_at"),
            GinIndex(name="inbox_event_about", fields=["subjects"], fastupdate=False),
        ]
        triggers = [
            final(
                state="processed",
                columns=("source", "account", "event_id", "generation", "fingerprint", "received_at", "state"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.event_id}"


class InboxBody(models.Model):
    """An event's bytes, beside it in a table of monthly partitions: old ones are dropped whole (retention.py).

    ``received_at`` is the event's; who looks for a body names it, so that one partition is read.
    """

    pk = models.CompositePrimaryKey("event", "received_at")
    # PostgreSQL would look the event up for every row, which the one statement that writes both makes needless.
    event = models.ForeignKey(
        InboxEvent, on_delete=models.DO_NOTHING, related_name="bodies", db_constraint=False, db_index=False
    )
    received_at = models.DateTimeField()
    headers = models.JSONField(default=dict)
    body = models.BinaryField()

    class Meta:
        triggers = [append_only()]

    def __str__(self) -> str:
        return f"body of {self.event_id}"
