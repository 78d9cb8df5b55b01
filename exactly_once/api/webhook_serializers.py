"""What clients send about their webhook endpoints, and what they are shown. A secret is in one shape only: once."""

from datetime import datetime, timedelta
from typing import Any

from rest_framework import serializers

from exactly_once.api.serializers import (
    BoundedListField,
    PatternField,
    StrictBooleanField,
    StrictIntegerField,
    StrictSerializer,
)
from exactly_once.models import WebhookDelivery, WebhookEndpoint
from exactly_once.models.webhook import DELIVERY_STATES
from exactly_once.webhook_endpoints import LONGEST_OVERLAP, MAX_PATTERNS, NO_TYPE, OVERLAP, TYPE_PATTERN, EndpointChange


class _PatternsField(BoundedListField):
    """Types of events that an endpoint hears of."""

    def __init__(self, **options: Any) -> None:
        child = PatternField(TYPE_PATTERN, max_length=64, error_messages={"invalid": NO_TYPE})
        super().__init__(child=child, allow_empty=False, max_length=MAX_PATTERNS, **options)


class CreateEndpointBody(StrictSerializer):
    """A new endpoint."""

    url = serializers.CharField(max_length=500, help_text="https and a public address.")
    event_types = _PatternsField(help_text='"order.confirmed", "order.*", or "*" for all.')
    description = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class ChangeEndpointBody(StrictSerializer):
    """What is to be different."""

    url = serializers.CharField(max_length=500, required=False)
    event_types = _PatternsField(required=False)
    description = serializers.CharField(max_length=200, required=False, allow_blank=True)
    enabled = StrictBooleanField(required=False)

    def change(self) -> EndpointChange:
        """Return the validated body as the domain's change."""
        return EndpointChange(**self.validated_data)


class RotateSecretBody(StrictSerializer):
    """How long the old secrets go on."""

    overlap_seconds = StrictIntegerField(
        min_value=0,
        max_value=int(LONGEST_OVERLAP.total_seconds()),
        required=False,
        default=int(OVERLAP.total_seconds()),
        help_text="0 ends them at once: for one that has leaked.",
    )

    def overlap(self) -> timedelta:
        """Return it as a time."""
        return timedelta(seconds=self.validated_data["overlap_seconds"])


class ResendDeadBody(StrictSerializer):
    """Dead deliveries by when they were made: from the first time on, before the second."""

    created_from = serializers.DateTimeField()
    created_before = serializers.DateTimeField()

    def range(self) -> tuple[datetime, datetime]:
        """Return both times."""
        return self.validated_data["created_from"], self.validated_data["created_before"]


class EndpointSchema(serializers.ModelSerializer[WebhookEndpoint]):
    """An endpoint."""

    id = serializers.CharField(source="public_id")
    event_types = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = WebhookEndpoint
        fields = ("id", "url", "event_types", "description", "enabled", "disabled_reason", "created_at")


class EndpointWithSecretSchema(EndpointSchema):
    """An endpoint and its new secret, which no other answer shows."""

    secret = serializers.CharField(read_only=True, help_text="Keep it now: it signs what you get.")

    class Meta(EndpointSchema.Meta):
        fields = (*EndpointSchema.Meta.fields, "secret")  # type: ignore[assignment]  # one more than the parent's


class DeliverySchema(serializers.ModelSerializer[WebhookDelivery]):
    """One event for one endpoint."""

    event_id = serializers.UUIDField(help_text="The webhook-id that is sent, at every try.")
    event_type = serializers.CharField(source="event.type")
    state = serializers.ChoiceField(choices=DELIVERY_STATES)

    class Meta:
        model = WebhookDelivery
        fields = (
            "event_id",
            "event_type",
            "state",
            "attempts",
            "next_attempt_at",
            "last_status",
            "last_error",
            "response_snippet",
            "delivered_at",
            "created_at",
        )


class ResentSchema(serializers.Serializer[Any]):
    """How many are sent again."""

    resent = serializers.IntegerField()
    more = serializers.BooleanField(help_text="There were more than one request sends: ask again, with a new key.")
