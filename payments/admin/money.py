"""Payments in the admin: to look at, never to edit. Money moves through verbs only."""

from django.contrib import admin
from django.db.models import F
from unfold.admin import ModelAdmin, TabularInline

from exactly_once.read_only import ReadOnly
from payments.admin.parts import PartInline, ShareInline
from payments.models import Attempt, Capture, Dispute, PaymentIntent, Refund, Void


class AttemptInline(ReadOnly, TabularInline):
    """The tries of an intent."""

    model = Attempt
    fields = ("uuid", "psp", "state", "psp_reference", "captured_minor", "refunded_minor", "decline_reason")
    extra = 0
    # Not editable, so only to be shown this way.
    readonly_fields = ("uuid",)
    show_change_link = True


@admin.register(PaymentIntent)
class PaymentIntentAdmin(ReadOnly, ModelAdmin):
    """What we wanted to collect."""

    when_empty = "An intent comes here when a checkout is paid, or a client makes one over the API."
    list_display = ("public_id", "state", "amount_minor", "currency", "order_reference", "created_at")
    list_filter = ("state", "currency")
    search_fields = ("public_id", "order_reference", "attempts__psp_reference", "attempts__uuid")
    date_hierarchy = "created_at"
    inlines = (PartInline, AttemptInline)


# What came of it, and when: the end of the pages of refunds and captures.
PROGRESS = ("psp_reference", "failure_reason", "created_at", "sent_at", "settled_at", "next_check_at", "checks")


@admin.register(Refund)
class RefundAdmin(ReadOnly, ModelAdmin):
    """Money on its way back."""

    fields = ("public_id", "attempt", "amount_minor", "currency", "state", "reason", *PROGRESS)
    when_empty = "A refund comes here when goods come back, units are cancelled, or a client asks for one."
    list_display = ("public_id", "state", "amount_minor", "currency", "reason", "psp_reference", "created_at")
    list_filter = ("state", "reason", "currency", "attempt__psp")
    search_fields = ("public_id", "psp_reference", "attempt__intent__public_id", "attempt__intent__order_reference")
    date_hierarchy = "created_at"
    inlines = (ShareInline,)


@admin.register(Capture)
class CaptureAdmin(ReadOnly, ModelAdmin):
    """Money taken out of authorisations."""

    fields = ("public_id", "attempt", "number", "amount_minor", "currency", "final", "state", *PROGRESS)
    when_empty = "A capture comes here when money that was authorised is taken."
    list_display = ("public_id", "state", "amount_minor", "currency", "final", "psp_reference", "created_at")
    list_filter = ("state", "currency", "attempt__psp")
    search_fields = ("public_id", "psp_reference", "attempt__intent__public_id", "attempt__intent__order_reference")
    date_hierarchy = "created_at"


@admin.register(Void)
class VoidAdmin(ReadOnly, ModelAdmin):
    """Payments that were to be let go of."""

    when_empty = "A void comes here when an authorised payment is let go of."
    list_display = ("public_id", "state", "failure_reason", "created_at", "settled_at")
    list_filter = ("state", "attempt__psp")
    search_fields = ("public_id", "attempt__intent__public_id", "attempt__intent__order_reference")
    date_hierarchy = "created_at"


@admin.register(Dispute)
class DisputeAdmin(ReadOnly, ModelAdmin):
    """What buyers' banks want back, the most urgent evidence first."""

    when_empty = "A dispute comes here when a buyer's bank wants money back, as the PSP's webhook tells."
    list_display = ("public_id", "state", "amount_minor", "currency", "reason", "evidence_due_at", "refunded_minor")
    list_filter = ("state", "psp", "currency")
    search_fields = ("public_id", "psp_reference", "attempt__intent__public_id", "attempt__intent__order_reference")
    date_hierarchy = "created_at"
    ordering = (F("evidence_due_at").asc(nulls_last=True), "-pk")
