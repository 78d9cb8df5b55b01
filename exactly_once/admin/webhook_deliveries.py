"""What became of each event at each merchant's endpoint, and another try."""

from datetime import UTC, datetime

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin, TabularInline

from exactly_once import webhook_delivery
from exactly_once.admin.confirm import Question, split, unconfirmed
from exactly_once.models import WebhookAttempt, WebhookDelivery
from exactly_once.read_only import ReadOnly
from exactly_once.wake import wake


class AttemptInline(ReadOnly, TabularInline):
    """How each try went."""

    model = WebhookAttempt
    fields = ("number", "began_at", "status", "error")
    ordering = ("-number",)
    extra = 0


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnly, ModelAdmin):
    """Each event for each endpoint."""

    when_empty = "A delivery comes here for each event that an endpoint has asked for."
    list_display = ("event", "endpoint", "state", "attempts", "last_status", "next_attempt_at", "delivered_at")
    list_filter = ("state", "endpoint")
    list_select_related = ("event", "endpoint")
    search_fields = ("event__id", "event__aggregateid", "event__type", "endpoint__url", "last_error")
    inlines = (AttemptInline,)
    actions = ("resend",)

    def has_process_permission(self, request: HttpRequest) -> bool:
        """Let those who may change deliveries ask for another try, though nobody edits one."""
        return request.user.has_perm("exactly_once.change_webhookdelivery")

    @admin.action(description="Send again", permissions=["process"])
    def resend(self, request: HttpRequest, deliveries: QuerySet[WebhookDelivery]) -> TemplateResponse | None:
        """Ask, then give deliveries that have ended another three days, and wake a worker for each."""
        foreseen = split(
            deliveries,
            Q(endpoint__enabled=True) & ~Q(state="pending"),
            does="sent again, for three more days; receivers that heed the webhook-id notice what they know",
            otherwise="left alone: still being tried, or of an endpoint that is off",
        )
        asked = unconfirmed(request, Question("Send again?", foreseen), opts=self.opts, action="resend")
        if asked is not None:
            return asked
        again = webhook_delivery.resend(deliveries=deliveries, now=datetime.now(UTC))
        for delivery_id in again:
            wake("exactly_once.send_webhook", delivery_id)
        self.message_user(
            request,
            f"{len(again)} of {deliveries.count()} are sent again; the others are still being tried, belong to an "
            f"endpoint that is off, or are more than {webhook_delivery.MAX_RESENT}.",
            messages.SUCCESS if again else messages.WARNING,
        )
        return None
