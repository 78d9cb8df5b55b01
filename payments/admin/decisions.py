"""What two people hold for true of attempts that nobody knows the outcome of."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Case, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django_subatomic.db import transaction
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextInputWidget

from exactly_once.read_only import ReadOnly
from payments.admin import words
from payments.admin.attempts import facts
from payments.admin.deed import Deed, DeedForm, ask
from payments.admin.labels import labelled
from payments.apply_decision import apply_decision
from payments.close_decision import close_decision
from payments.models import Decision
from payments.states import DecisionOutcome, DecisionState

EFFECTS = {
    DecisionOutcome.CAPTURED: "The payment succeeds, and the money is booked: the PSP owes it to us.",
    DecisionOutcome.AUTHORIZED: "The payment can be captured or let go of, and the money is held in the books.",
    DecisionOutcome.VOIDED: "The payment is canceled. Nothing of it stays in the books.",
    DecisionOutcome.DECLINED: "The buyer may pay again, with this or another card. Nothing of it stays in the books.",
}
LABELS = {
    "proposed": "warning",
    "applied": "success",
    "rejected": "danger",
    "withdrawn": "info",
    "overtaken": "info",
}


class NoteForm(DeedForm):
    """Why not."""

    note = forms.CharField(max_length=500, widget=UnfoldAdminTextInputWidget, label="Why", help_text="In a sentence.")


@admin.register(Decision)
class DecisionAdmin(ReadOnly, ModelAdmin):
    """Decisions, those that wait for a second person first."""

    when_empty = "Nobody had to decide: each attempt's end was told by its PSP."
    list_display = ("public_id", "stands", "outcome", "money", "reason", "proposed_by", "proposed_at", "closed_by")
    list_filter = ("state", "outcome", "attempt__psp")
    list_select_related = ("attempt",)
    list_before_template = "admin/payments/decisions_explained.html"
    search_fields = ("public_id", "psp_reference", "reason", "evidence", "attempt__uuid", "proposed_by", "closed_by")
    date_hierarchy = "proposed_at"
    ordering = (Case(When(state=DecisionState.PROPOSED, then=Value(0)), default=Value(1)), "-pk")
    fieldsets = (
        (None, {"fields": ("public_id", "attempt", "stands", "outcome", "psp_reference", "money")}),
        ("On what evidence", {"fields": ("reason", "evidence", "proposed_by", "proposed_at")}),
        ("How it ended", {"fields": ("closed_by", "closed_at", "note")}),
    )
    readonly_fields = ("stands", "money")
    actions_detail = ("apply", "put_away")

    def has_apply_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Let those agree who have that right; that they are not the proposer is the verb's business."""
        return request.user.has_perm("payments.apply_decision")

    def has_put_away_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Let proposers withdraw, and those who may agree reject."""
        return request.user.has_perm("payments.propose_decision") or request.user.has_perm("payments.apply_decision")

    def get_actions_detail(self, request: HttpRequest, object_id: int | str) -> list[Any]:
        """Offer nothing about what is closed."""
        waits = Decision.objects.filter(pk=object_id, state=DecisionState.PROPOSED).exists()
        return super().get_actions_detail(request, object_id) if waits else []

    @action(description="Apply ...", url_path="apply", permissions=["apply"])  # type: ignore[untyped-decorator]  # unfold's
    def apply(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Show the evidence once more, and settle the attempt by it."""
        decision = get_object_or_404(Decision.objects.select_related("attempt__intent"), pk=object_id)
        deed = Deed(
            title=f"Apply: {decision.outcome}",
            facts=_facts(decision),
            effect=f"Look for yourself first: you sign for it. {EFFECTS[DecisionOutcome(decision.outcome)]}",
            button="I have looked: apply it",
            back=reverse("admin:payments_decision_change", args=[object_id]),
        )

        def act(_form: DeedForm) -> str:
            by = request.user.get_username()
            with transaction():
                state = apply_decision(decision_id=decision.public_id, by=by, now=datetime.now(UTC))
            return f"Applied. The attempt is {state}."

        return ask(request, deed=deed, opts=self.opts, draw=DeedForm, act=act)

    @action(description="Reject or withdraw ...", url_path="put-away", permissions=["put_away"])  # type: ignore[untyped-decorator]  # unfold's
    def put_away(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Close the proposal without any effect."""
        decision = get_object_or_404(Decision.objects.select_related("attempt__intent"), pk=object_id)
        own = decision.proposed_by == request.user.get_username()
        deed = Deed(
            title="Withdraw the proposal" if own else "Reject the proposal",
            facts=_facts(decision),
            effect="The attempt stays unknown, and another decision may be proposed.",
            button="Withdraw it" if own else "Reject it",
            back=reverse("admin:payments_decision_change", args=[object_id]),
        )

        def act(form: NoteForm) -> str:
            by = request.user.get_username()
            with transaction():
                state = close_decision(
                    decision_id=decision.public_id, note=form.cleaned_data["note"], by=by, now=datetime.now(UTC)
                )
            return f"The proposal is {state}."

        return ask(request, deed=deed, opts=self.opts, draw=NoteForm, act=act)

    @labelled(description="state", ordering="state", labels=LABELS)
    def stands(self, decision: Decision) -> str:
        """Return the state, to be seen at once."""
        return decision.state

    @admin.display(description="money", ordering="amount_minor")
    def money(self, decision: Decision) -> str:
        """Return what was captured or is held."""
        return words.money(decision.amount_minor, decision.currency)


def _facts(decision: Decision) -> list[tuple[str, str]]:
    return [
        ("Proposed", decision.outcome),
        ("Captured or held", words.money(decision.amount_minor, decision.currency)),
        ("Payment at the PSP, as proposed", decision.psp_reference or "none"),
        ("Reason", decision.reason),
        ("What shows it", decision.evidence),
        ("Proposed by", f"{decision.proposed_by}, {decision.proposed_at:%Y-%m-%d %H:%M} UTC"),
        *facts(decision.attempt),
    ]
