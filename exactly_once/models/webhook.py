"""Merchants' addresses for our events, the secrets that sign what goes there, and what became of each event."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from exactly_once.append_only import append_only
from exactly_once.models.outbox_event import OutboxEvent

DELIVERY_STATES = ("pending", "delivered", "dead")


def every_type() -> list[str]:
    """Return the default: every event."""
    return ["*"]


class WebhookEndpoint(models.Model):
    """An address of a client. It hears of every event whose type fits one of its patterns."""

    public_id = models.CharField(max_length=40, unique=True, editable=False)
    client = models.CharField(max_length=64, db_index=True, help_text="The API client that manages it.")
    url = models.URLField(max_length=500, help_text="https:// and a public address.")
    event_types = models.JSONField(
        default=every_type, help_text='Patterns: "order.confirmed", "order.*" or "*" for all.'
    )
    description = models.CharField(max_length=200, blank=True, db_default="")
    enabled = models.BooleanField(default=True, help_text="Off: nothing is sent, and new events pass it by.")
    disabled_reason = models.CharField(max_length=200, blank=True, db_default="", editable=False)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.url


class WebhookSecret(models.Model):
    """What signs an endpoint's webhooks while it is valid. Two overlap while a merchant changes over."""

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.PROTECT, related_name="secrets")
    secret = models.CharField(max_length=100, editable=False)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="webhook_secret_ends_after_it_begins",
                condition=Q(valid_until=None) | Q(valid_until__gte=F("valid_from")),
            )
        ]

    def __str__(self) -> str:
        return f"{self.endpoint_id} from {self.valid_from}"


class WebhookDelivery(models.Model):
    """One event for one endpoint: due once, tried for days, then dead until somebody resends it."""

    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.PROTECT, related_name="deliveries", db_index=False
    )  # what it would be for, three other indexes begin with
    event = models.ForeignKey(OutboxEvent, on_delete=models.PROTECT, related_name="webhook_deliveries")
    state = models.CharField(max_length=16, db_default="pending", choices=[(state, state) for state in DELIVERY_STATES])
    attempts = models.IntegerField(db_default=0)
    # When the first attempt since the last resend began: the days of trying count from here.
    trying_since = models.DateTimeField(null=True, blank=True)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    last_status = models.SmallIntegerField(null=True, blank=True)
    last_error = models.CharField(max_length=500, db_default="", blank=True)
    response_snippet = models.CharField(max_length=1024, db_default="", blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "webhook deliveries"
        constraints = [
            models.UniqueConstraint(name="webhook_delivery_once", fields=["endpoint", "event"]),
            models.CheckConstraint(name="webhook_delivery_state_known", condition=Q(state__in=DELIVERY_STATES)),
            models.CheckConstraint(
                name="webhook_delivery_due_while_pending",
                condition=Q(state="pending", next_attempt_at__isnull=False)
                | (~Q(state="pending") & Q(next_attempt_at=None)),
            ),
        ]
        indexes = [
            models.Index(
                name="webhook_delivery_due", fields=["next_attempt_at"], condition=Q(next_attempt_at__isnull=False)
            ),
            models.Index(name="webhook_delivery_newest", fields=["endpoint", "-id"]),
            models.Index(name="webhook_delivery_by_state", fields=["endpoint", "state", "-id"]),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} to {self.endpoint_id}"


class WebhookAttempt(models.Model):
    """How one try of a delivery went. A try whose process died leaves none: its number is missing."""

    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.PROTECT, related_name="tries")
    number = models.IntegerField()
    began_at = models.DateTimeField()
    status = models.SmallIntegerField(null=True, blank=True)
    error = models.CharField(max_length=500, db_default="", blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="webhook_attempt_once", fields=["delivery", "number"])]
        triggers = [append_only()]

    def __str__(self) -> str:
        return f"{self.delivery_id} {self.number}"
