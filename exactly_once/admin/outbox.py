"""What we tell others, how far each sink has read, and which handlers have heard."""

from datetime import UTC, datetime

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin, TabularInline

from exactly_once import handlers, relay
from exactly_once.admin.confirm import Question, split, unconfirmed
from exactly_once.admin.raw import preformatted
from exactly_once.models import HandlerRun, OutboxEvent, SinkPosition
from exactly_once.read_only import ReadOnly
from exactly_once.wake import wake


class HandlerRunInline(ReadOnly, TabularInline):
    """Who heard of the event."""

    model = HandlerRun
    fields = ("handler", "state", "attempts", "next_attempt_at", "done_at", "last_error")
    extra = 0


@admin.register(OutboxEvent)
class OutboxEventAdmin(ReadOnly, ModelAdmin):
    """Events of ours."""

    when_empty = "An event comes here in the commit that makes it true, such as an order's."
    list_display = ("type", "aggregatetype", "aggregateid", "aggregate_version", "occurred_at", "id")
    list_filter = ("type", "aggregatetype")
    search_fields = ("id", "aggregateid", "type")
    date_hierarchy = "occurred_at"
    ordering = ("-xid", "-seq")
    inlines = (HandlerRunInline,)
    fields = (
        ("id", "type", "schema_version"),
        ("aggregatetype", "aggregateid", "aggregate_version"),
        ("occurred_at", "recorded_at"),
        ("xid", "seq"),
        "readable_payload",
    )
    readonly_fields = ("readable_payload",)

    @admin.display(description="payload")
    def readable_payload(self, event: OutboxEvent) -> str:
        """Return the payload, indented."""
        return preformatted(event.payload)


@admin.register(HandlerRun)
class HandlerRunAdmin(ReadOnly, ModelAdmin):
    """Each event for each handler."""

    when_empty = "A run comes here when the relay gives an event to one of our own handlers, such as a mail."
    list_display = ("handler", "event", "state", "attempts", "next_attempt_at", "done_at")
    list_filter = ("state", "handler")
    list_select_related = ("event",)
    search_fields = ("handler", "event__id", "event__aggregateid", "event__type", "last_error")
    actions = ("run_again",)

    def has_process_permission(self, request: HttpRequest) -> bool:
        """Let those who may change runs ask for another attempt, though nobody edits one."""
        return request.user.has_perm("exactly_once.change_handlerrun")

    @admin.action(description="Run again", permissions=["process"])
    def run_again(self, request: HttpRequest, runs: QuerySet[HandlerRun]) -> TemplateResponse | None:
        """Ask, then give failed and parked runs their attempts back, and wake a worker for each."""
        foreseen = split(
            runs,
            Q(state__in=handlers.STUCK_STATES),
            does="run again, at once, with all their attempts given back",
            otherwise="left alone: neither failed nor parked",
        )
        asked = unconfirmed(request, Question("Run again?", foreseen), opts=self.opts, action="run_again")
        if asked is not None:
            return asked
        chosen = list(runs.values_list("pk", flat=True))
        again = handlers.try_again(run_ids=chosen, now=datetime.now(UTC))
        for run_id in again:
            wake("exactly_once.run_handler", run_id)
        self.message_user(
            request,
            f"{len(again)} of {len(chosen)} handlers run again; the others have neither failed nor wait.",
            messages.SUCCESS if again else messages.WARNING,
        )
        return None


@admin.register(SinkPosition)
class SinkPositionAdmin(ReadOnly, ModelAdmin):
    """How far each sink has read."""

    when_empty = "A sink comes here when the relay has given it something for the first time."
    list_display = ("sink", "events_behind", "seconds_behind", "xid", "seq", "updated_at")
    search_fields = ("sink",)

    @admin.display(description="events behind")
    def events_behind(self, position: SinkPosition) -> int:
        """Return how many committed events the sink has not been given."""
        return relay.behind(sink=position.sink)

    @admin.display(description="seconds behind")
    def seconds_behind(self, position: SinkPosition) -> int:
        """Return how long ago the oldest of them was recorded."""
        return round(relay.lag(sink=position.sink).seconds)
