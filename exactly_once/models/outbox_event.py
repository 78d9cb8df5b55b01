"""What we tell others, written in the transaction that made it true, and how far each sink has read."""

from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from exactly_once.append_only import append_only
from exactly_once.by_day import by_day
from exactly_once.tracing import TRACEPARENT_LENGTH, TRACEPARENT_PATTERN


class Xid8Field(models.Field):  # type: ignore[type-arg]
    """PostgreSQL's 64-bit transaction id. Read as text: it is compared in SQL only."""

    def db_type(self, connection: object) -> str:
        return "xid8"


class OutboxEvent(models.Model):
    """One event. Insert-only; the columns are those that Debezium's outbox event router reads by default.

    ``(xid, seq)`` is the order in which it may be read once every transaction below the horizon has ended.
    """

    id = models.UUIDField(primary_key=True, db_default=RawSQL("uuidv7()", ()))
    aggregatetype = models.CharField(max_length=64)
    aggregateid = models.CharField(max_length=64)
    aggregate_version = models.IntegerField()
    type = models.CharField(max_length=64)
    payload = models.JSONField()
    schema_version = models.SmallIntegerField(default=1)
    occurred_at = models.DateTimeField()
    xid = Xid8Field(db_default=RawSQL("pg_current_xact_id()", ()))
    seq = models.BigIntegerField(db_default=RawSQL("nextval('exactly_once_outbox_seq')", ()))
    recorded_at = models.DateTimeField(db_default=Now())
    traceparent = models.CharField(max_length=TRACEPARENT_LENGTH, db_default="", blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="outbox_event_traceparent", condition=Q(traceparent__regex=TRACEPARENT_PATTERN)
            ),
            models.UniqueConstraint(
                name="outbox_event_aggregate_version", fields=["aggregatetype", "aggregateid", "aggregate_version"]
            ),
        ]
        indexes = [
            models.Index(name="outbox_event_commit_order", fields=["xid", "seq"]),
            by_day(name="outbox_event_by_day", field="occurred_at"),
        ]
        triggers = [append_only()]

    def __str__(self) -> str:
        return f"{self.type} {self.aggregateid}"


class SinkPosition(models.Model):
    """How far a sink has read, in commit order."""

    sink = models.CharField(max_length=64, unique=True)
    xid = Xid8Field(db_default=RawSQL("'0'::xid8", ()))
    seq = models.BigIntegerField(db_default=0)
    updated_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.sink


class HandlerRun(models.Model):
    """One event for one handler: written with the relay's position, done once, tried again until then."""

    handler = models.CharField(max_length=64)
    event = models.ForeignKey(OutboxEvent, on_delete=models.PROTECT, related_name="runs")
    state = models.CharField(max_length=16, db_default="pending")
    attempts = models.IntegerField(db_default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(db_default="", blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="handler_run_once", fields=["handler", "event"]),
            models.CheckConstraint(
                name="handler_run_state_known", condition=Q(state__in=["pending", "parked", "done", "failed"])
            ),
        ]
        indexes = [
            models.Index(name="handler_run_due", fields=["next_attempt_at"], condition=Q(next_attempt_at__isnull=False))
        ]

    def __str__(self) -> str:
        return f"{self.handler} {self.event_id}"
