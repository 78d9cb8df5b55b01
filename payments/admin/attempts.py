"""Each try at a PSP, with all that came of it, and what a person can do while nobody knows how it ended."""

from datetime import UTC, datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action

from exactly_once.read_only import ReadOnly
from payments.admin import words
from payments.admin.deed import Deed, DeedForm, ask
from payments.admin.proposal import ProposalForm, propose
from payments.ask_again import ask_again
from payments.figures import unknown
from payments.models import Attempt, Break, Capture, Decision, Refund, Void
from payments.states import DecisionState


class CaptureInline(ReadOnly, TabularInline):
    """What was taken of an attempt."""

    model = Capture
    fields = ("public_id", "state", "amount_minor", "currency", "final", "psp_reference", "failure_reason")
    extra = 0


class VoidInline(ReadOnly, TabularInline):
    """How an attempt was let go of."""

    model = Void
    fields = ("public_id", "state", "failure_reason", "created_at", "settled_at")
    extra = 0


class RefundInline(ReadOnly, TabularInline):
    """What was paid back of an attempt."""

    model = Refund
    fields = ("public_id", "state", "amount_minor", "currency", "reason", "psp_reference")
    extra = 0


class DecisionInline(ReadOnly, TabularInline):
    """What people decided about an attempt, or propose."""

    model = Decision
    fields = ("public_id", "state", "outcome", "reason", "proposed_by", "closed_by", "closed_at")
    extra = 0
    show_change_link = True


class BreakInline(ReadOnly, TabularInline):
    """What a PSP said of an attempt and what did not fit."""

    model = Break
    fields = ("public_id", "kind", "state", "amount_minor", "currency", "in_suspense", "owner", "due_at")
    extra = 0
    show_change_link = True


@admin.register(Attempt)
class AttemptAdmin(ReadOnly, ModelAdmin):
    """Each try at a PSP."""

    when_empty = "An attempt comes here in the commit before a PSP is asked for money."
    list_display = (
        "uuid",
        "intent",
        "psp",
        "state",
        "amount_minor",
        "currency",
        "psp_reference",
        "submitted_at",
        "capture_before",
    )
    list_filter = ("state", "psp", "currency")
    list_select_related = ("intent",)
    search_fields = ("uuid", "psp_reference", "intent__public_id", "intent__order_reference")
    date_hierarchy = "submitted_at"
    fieldsets = (
        (None, {"fields": ("uuid", "intent", "state", "asked", "captured", "refunded", "disputed")}),
        (
            "At the PSP",
            {
                "fields": (
                    ("psp", "psp_account", "psp_reference"),
                    ("submitted_at", "authorized_at", "capture_before", "settled_at"),
                    ("decline_reason", "next_action_url", "captures_at_once"),
                )
            },
        ),
        ("While it is open", {"fields": ("unknown_reason", ("checks", "next_check_at", "ask_failed"))}),
        ("How it came there", {"fields": (("rule", "is_probe", "failed_over_from"), "token", "next_routes")}),
    )
    readonly_fields = ("uuid", "asked", "captured", "refunded", "disputed")
    inlines = (CaptureInline, VoidInline, RefundInline, DecisionInline, BreakInline)
    change_form_outer_before_template = "admin/payments/attempt_unknown.html"
    actions_detail = ("ask_now", "propose")

    def has_ask_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Whoever may change attempts may have a PSP asked: no field is edited."""
        return request.user.has_perm("payments.change_attempt")

    def has_propose_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Let those propose who have that right."""
        return request.user.has_perm("payments.propose_decision")

    def get_actions_detail(self, request: HttpRequest, object_id: int | str) -> list[Any]:
        """Offer nothing about what is known."""
        return super().get_actions_detail(request, object_id) if unknown().filter(pk=object_id).exists() else []

    @admin.display(description="asked for")
    def asked(self, attempt: Attempt) -> str:
        """Return what was asked for."""
        return words.money(attempt.amount_minor, attempt.currency)

    @admin.display(description="captured")
    def captured(self, attempt: Attempt) -> str:
        """Return what is booked as captured."""
        return words.money(attempt.captured_minor, attempt.currency)

    @admin.display(description="refunded")
    def refunded(self, attempt: Attempt) -> str:
        """Return what was promised or paid back."""
        return words.money(attempt.refunded_minor, attempt.currency)

    @admin.display(description="taken by banks")
    def disputed(self, attempt: Attempt) -> str:
        """Return what buyers' banks have taken back."""
        return words.money(attempt.disputed_minor, attempt.currency)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Say what is unknown, and what is being done about it."""
        attempt = unknown().filter(pk=object_id).first() if object_id else None
        told = {"unknown": None if attempt is None else told_of(attempt), **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, told)

    @action(description="Ask the PSP now", url_path="ask-now", permissions=["ask"])  # type: ignore[untyped-decorator]  # unfold's
    def ask_now(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask, then have a worker look the attempt up."""
        attempt = get_object_or_404(Attempt, pk=object_id)
        deed = Deed(
            title="Ask the PSP now",
            facts=facts(attempt),
            effect="A worker looks the payment up at the PSP, at once. Asking is harmless, however often it is done.",
            button="Ask now",
            back=reverse("admin:payments_attempt_change", args=[object_id]),
        )

        def act(_form: DeedForm) -> str:
            asked = ask_again(attempt_uuids=[attempt.uuid], now=datetime.now(UTC))
            return "The PSP is being asked." if asked else "There is nothing to ask: the outcome is known."

        return ask(request, deed=deed, opts=self.opts, draw=DeedForm, act=act)

    @action(description="Propose a decision", url_path="propose", permissions=["propose"])  # type: ignore[untyped-decorator]  # unfold's
    def propose(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask how it ended, by what shows it."""
        attempt = get_object_or_404(Attempt, pk=object_id)
        deed = Deed(
            title="Propose how it ended",
            facts=facts(attempt),
            effect="Nothing changes until another person has looked at the same evidence and applied the proposal. "
            "Whatever the PSP tells before then comes first.",
            button="Propose",
            back=reverse("admin:payments_attempt_change", args=[object_id]),
        )

        def draw(*sent: Any) -> ProposalForm:
            return ProposalForm(attempt, *sent)

        def act(form: ProposalForm) -> str:
            return propose(form=form, by=request.user.get_username(), now=datetime.now(UTC))

        return ask(request, deed=deed, opts=self.opts, draw=draw, act=act)


def facts(attempt: Attempt) -> list[tuple[str, str]]:
    """Return what is known of an attempt, by name."""
    return [
        ("Order", attempt.intent.order_reference),
        ("Asked for", words.money(attempt.amount_minor, attempt.currency)),
        ("Booked as captured", words.money(attempt.captured_minor, attempt.currency)),
        ("PSP", f"{attempt.psp} {attempt.psp_account}"),
        ("Payment at the PSP", attempt.psp_reference or "not known"),
        ("Our id at the PSP", str(attempt.uuid)),
        ("Asked at", f"{attempt.submitted_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("State", attempt.state),
        ("Why", attempt.unknown_reason or "-"),
    ]


def told_of(attempt: Attempt) -> dict[str, Any]:
    """Return what the box above an unknown attempt says."""
    now = datetime.now(UTC)
    return {
        "age": words.age(attempt.submitted_at, now),
        "attempt": attempt,
        "money": words.money(attempt.amount_minor, attempt.currency),
        "proposal": Decision.objects.filter(attempt=attempt, state=DecisionState.PROPOSED).first(),
    }
