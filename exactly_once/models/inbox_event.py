"""What others told us, as they said it, until it has had its effect."""

from django.db import models
from django.db.models import Q

from exactly_once.final import final

INBOX_STATES = ("received", "processed", "parked", "failed")


class InboxEvent(models.Model):
    """One event of a source. ``deliveries`` counts how often it came; the unique key lets it in once."""

    source = models.CharField(max_length=64)
    account = models.CharField(max_length=64)
    event_id = models.CharField(max_length=255)
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    state = models.CharField(max_length=16, db_default="received")
    deliveries = models.IntegerField(db_default=1)
    attempts = models.IntegerField(db_default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(db_default="", blank=True)
    received_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="inbox_event_once", fields=["source", "account", "event_id"]),
            models.CheckConstraint(name="inbox_event_state_known", condition=Q(state__in=INBOX_STATES)),
        ]
        indexes = [
            models.Index(name="inbox_event_due", fields=["next_attempt_at"], condition=Q(next_attempt_at__isnull=False))
        ]
        triggers = [final(state="processed", columns=("source", "account", "event_id", "body", "state"))]

    def __str__(self) -> str:
        return f"{self.source} {self.event_id}"
