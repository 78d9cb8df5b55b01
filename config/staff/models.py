"""What staff did, and the codes that let them in without their phone."""

import hashlib
from typing import ClassVar

from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q

from exactly_once.append_only import append_only


class Outcome(models.TextChoices):
    """What came of an act."""

    DONE = "done"
    NO_CHANGE = "no_change", "no change"
    REFUSED = "refused"
    FAILED = "failed"


class AuditEvent(models.Model):
    """One act of one person: written in the transaction that it describes, and never changed."""

    at = models.DateTimeField()
    actor = models.CharField(max_length=150, blank=True, help_text="The name that was signed in, or was tried.")
    action = models.CharField(max_length=150)
    outcome = models.CharField(max_length=16, choices=Outcome.choices)
    object_type = models.CharField(max_length=100, blank=True)
    object_ids = models.JSONField(default=list)
    detail = models.JSONField(default=dict)
    reason = models.TextField(blank=True, help_text="Why, where the page asks for it.")
    address = models.GenericIPAddressField(null=True)
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ("-at", "-pk")
        indexes: ClassVar = [
            models.Index(fields=["at"], name="audit_event_at"),
            models.Index(fields=["actor", "at"], name="audit_event_actor"),
            models.Index(fields=["action", "at"], name="audit_event_action"),
            models.Index(fields=["request_id"], name="audit_event_request", condition=~Q(request_id="")),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(action=""), name="audit_event_names_its_action"),
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="audit_event_outcome_known"),
        ]
        triggers = [append_only()]

    def __str__(self) -> str:
        return f"{self.actor or 'somebody'}: {self.action}"


class RecoveryCode(models.Model):
    """One of the codes that were shown once, at enrolment. Each is good once."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recovery_codes")
    code_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(used_at=None) | Q(used_at__gte=models.F("created_at")), name="recovery_code_used_after_made"
            ),
        ]

    def __str__(self) -> str:
        return f"recovery code {self.pk}"


def hash_code(code: str) -> str:
    """Return the hex SHA-256 of a code as it may be typed. It is 80 random bits: a slow hash would add nothing."""
    return hashlib.sha256(code.replace("-", "").replace(" ", "").upper().encode()).hexdigest()
