"""What the entrance answers, as its description shows it."""

from typing import Any

from rest_framework import serializers

from exactly_once.api.serializers import StrictSerializer
from exactly_once.models import EventSource

RESULTS = ["accepted", "duplicate", "conflict", "invalid"]


class EventErrorSerializer(serializers.Serializer[Any]):
    """One field of an event and the rule that it breaks: a keyword of the source's schema, or a rule of its key."""

    pointer = serializers.CharField(help_text="RFC 6901, into the event.")
    code = serializers.CharField()
    detail = serializers.CharField()


class EventResultSerializer(serializers.Serializer[Any]):
    """What became of one event, and the key that it was known by."""

    result = serializers.ChoiceField(choices=RESULTS)
    key = serializers.CharField(allow_null=True, help_text="Null where none was found.")
    errors = EventErrorSerializer(  # type: ignore[assignment]  # a field of the answer, not of DRF's own
        many=True, help_text="Empty unless the event is invalid."
    )


class EventBatchResultSerializer(serializers.Serializer[Any]):
    """The results in the order of the batch, and how many of each there are."""

    accepted = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    conflicts = serializers.IntegerField()
    invalid = serializers.IntegerField()
    results = EventResultSerializer(many=True)


class EventBatchBody(StrictSerializer):
    """1 to 1,000 events, in a body of 8 MiB unless the operator says otherwise."""

    events = serializers.ListField(
        child=serializers.JSONField(), min_length=1, max_length=1000, help_text="Objects; what is none is invalid."
    )


class EventSourceSerializer(serializers.ModelSerializer[EventSource]):
    """A source, and how many events this client sent to it, by what became of them."""

    window_seconds = serializers.SerializerMethodField(help_text="Null: for ever.")
    key_pointers = serializers.ListField(child=serializers.CharField())
    schema = serializers.DictField(allow_null=True)
    accepted = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    conflicts = serializers.IntegerField()
    invalid = serializers.IntegerField()

    class Meta:
        model = EventSource
        fields = (
            "name",
            "enabled",
            "has_handler",
            "key_by",
            "key_pointers",
            "window_seconds",
            "schema",
            "accepted",
            "duplicates",
            "conflicts",
            "invalid",
            "created_at",
        )

    def get_window_seconds(self, row: EventSource) -> float | None:
        return None if row.window is None else row.window.total_seconds()
