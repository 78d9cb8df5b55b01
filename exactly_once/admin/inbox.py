"""What others told us: filter it, read it as it came, ask for another attempt."""

from datetime import UTC, datetime

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin

from exactly_once import inbox
from exactly_once.admin.confirm import Question, split, unconfirmed
from exactly_once.admin.raw import preformatted
from exactly_once.inbox import BodyDropped, KeptBody
from exactly_once.inbox_preview import preview
from exactly_once.models import InboxEvent
from exactly_once.read_only import ReadOnly
from exactly_once.wake import wake

# Shown at once: each takes the locks of its processing for a moment. `manage.py inbox_replay --dry-run` takes any
# number.
MAX_PREVIEWS = 20


@admin.register(InboxEvent)
class InboxEventAdmin(ReadOnly, ModelAdmin):
    """Events of others."""

    when_empty = "An event comes here when a PSP's webhook or an event source tells us something."
    list_display = (
        "event_id",
        "source",
        "account",
        "state",
        "deliveries",
        "attempts",
        "received_at",
        "next_attempt_at",
    )
    list_filter = ("state", "source", "account")
    search_fields = ("event_id", "source", "account", "last_error")
    date_hierarchy = "received_at"
    actions = ("dry_run", "process_again")
    fields = (
        ("source", "account", "event_id", "generation"),
        ("state", "deliveries", "attempts"),
        ("received_at", "processed_at", "next_attempt_at"),
        "last_error",
        "kept_headers",
        "raw_body",
    )
    readonly_fields = ("kept_headers", "raw_body")

    def has_process_permission(self, request: HttpRequest) -> bool:
        """Let those who may change events ask for another attempt, though nobody edits one."""
        return request.user.has_perm("exactly_once.change_inboxevent")

    @admin.action(description="Show what processing would change", permissions=["process"])
    def dry_run(self, request: HttpRequest, events: QuerySet[InboxEvent]) -> TemplateResponse:
        """Process each, take it back, and show the difference."""
        chosen, now = list(events.order_by("pk").values_list("pk", flat=True)), datetime.now(UTC)
        context = {
            **admin.site.each_context(request),
            "title": "What processing would change",
            "opts": self.opts,
            "previews": [preview(event_id=event_id, now=now) for event_id in chosen[:MAX_PREVIEWS]],
            "left_out": max(0, len(chosen) - MAX_PREVIEWS),
        }
        return TemplateResponse(request, "admin/exactly_once/inbox_dry_run.html", context)

    @admin.action(description="Process again", permissions=["process"])
    def process_again(self, request: HttpRequest, events: QuerySet[InboxEvent]) -> TemplateResponse | None:
        """Ask, then give parked and failed events their attempts back, and wake a worker for each."""
        foreseen = split(
            events,
            Q(state__in=inbox.STUCK_STATES),
            does="processed again, at once, with all their attempts given back",
            otherwise="left alone: neither parked nor failed",
        )
        asked = unconfirmed(request, Question("Process again?", foreseen), opts=self.opts, action="process_again")
        if asked is not None:
            return asked
        chosen = list(events.values_list("pk", flat=True))
        again = inbox.try_again(event_ids=chosen, now=datetime.now(UTC))
        for event_id in again:
            wake("exactly_once.process_inbox_event", event_id)
        self.message_user(
            request,
            f"{len(again)} of {len(chosen)} events are processed again; the others are neither parked nor failed.",
            messages.SUCCESS if again else messages.WARNING,
        )
        return None

    @admin.display(description="headers")
    def kept_headers(self, event: InboxEvent) -> str:
        """Return the headers that were kept."""
        kept = self._kept(event)
        return "" if kept is None else preformatted(kept.headers)

    @admin.display(description="body")
    def raw_body(self, event: InboxEvent) -> str:
        """Return the body as it came."""
        kept = self._kept(event)
        return "no longer kept" if kept is None else preformatted(kept.body)

    @staticmethod
    def _kept(event: InboxEvent) -> KeptBody | None:
        try:
            return inbox.read_body(event=event)
        except BodyDropped:
            return None
