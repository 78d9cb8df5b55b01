"""A client's key for one request: who is at it, how far it came, and what was answered."""

from django.db import models
from django.db.models import Q

from exactly_once.by_day import by_day
from exactly_once.final import final

FINGERPRINT_BYTES = 32

# Answers are published to be kept for 30 days at least (the API's description), and no setting makes that less.
# Of a row that expires only the answer goes: its key still means what it meant.
_EXPIRES = """
    OLD.state = 'finished' AND NEW.state = 'expired' AND OLD.finished_at < now() - interval '30 days'
    AND (NEW.client, NEW.key, NEW.fingerprint, NEW.location) = (OLD.client, OLD.key, OLD.fingerprint, OLD.location)
"""


class IdempotencyKey(models.Model):
    """``in_flight`` under a lease, ``finished`` with its response, ``expired`` without it. Never deleted.

    ``location``: the API address of what the request made, where it made something.
    """

    client = models.CharField(max_length=64)
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=FINGERPRINT_BYTES)
    state = models.CharField(max_length=16, default="in_flight")
    # The fence: whoever writes must name the token, and a new holder changes it.
    lease_token = models.UUIDField()
    lease_expires_at = models.DateTimeField()
    subject = models.CharField(max_length=64, blank=True)
    recovery_point = models.CharField(max_length=32, blank=True)
    response_status = models.SmallIntegerField(null=True, blank=True)
    response_content_type = models.CharField(max_length=100, blank=True)
    response_body = models.BinaryField(null=True, blank=True)
    location = models.CharField(max_length=200, db_default="", blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    resumptions = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="idempotency_key_once_per_client", fields=["client", "key"]),
            models.CheckConstraint(
                name="idempotency_key_finished_has_response",
                condition=Q(state="in_flight", response_status=None, response_body=None, finished_at=None)
                | Q(
                    state="finished",
                    response_status__isnull=False,
                    response_body__isnull=False,
                    finished_at__isnull=False,
                )
                | Q(state="expired", response_status=None, response_body=None, finished_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="idempotency_key_subject", fields=["subject"], condition=~Q(subject="")),
            by_day(name="idempotency_key_by_day", field="created_at"),
            # Few: for who looks for what died half way.
            models.Index(name="idempotency_key_resumed", fields=["-id"], condition=Q(resumptions__gt=0)),
            models.Index(name="idempotency_key_answered", fields=["finished_at"], condition=Q(state="finished")),
        ]
        triggers = [
            final(
                state="finished",
                columns=(
                    "client",
                    "key",
                    "fingerprint",
                    "state",
                    "response_status",
                    "response_content_type",
                    "response_body",
                    "location",
                ),
                unless=_EXPIRES,
            )
        ]

    def __str__(self) -> str:
        return f"{self.client} {self.key}"
