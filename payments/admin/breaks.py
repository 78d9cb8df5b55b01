"""What does not fit between PSPs and us, for the people who find out what it was."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django_subatomic.db import transaction
from unfold.admin import TabularInline
from unfold.decorators import action

from exactly_once.read_only import ReadOnly
from payments import figures
from payments.admin import words
from payments.admin.break_forms import AssignForm, ResolveForm
from payments.admin.breaks_in_bulk import BreaksInBulk
from payments.admin.deed import Deed, ask
from payments.admin.labels import labelled
from payments.assign_break import assign_break
from payments.errors import PaymentRefused
from payments.models import Break, BreakEvent, BreakRefund, SettlementLine
from payments.promise_break_refund import check_refundable, is_being_refunded
from payments.propose_resolution import propose_resolution
from payments.resolve_break import is_for_two, resolve_break
from payments.states import BreakState

LABELS = {"open": "warning", "overdue": "danger", "resolved": "success"}


class BreakEventInline(ReadOnly, TabularInline):
    """What was done about a break."""

    model = BreakEvent
    fields = ("at", "what", "by", "detail")
    ordering = ("pk",)
    extra = 0

    def has_view_permission(self, request: HttpRequest, _obj: object = None) -> bool:
        """Whoever sees a break sees its history."""
        return request.user.has_perm("payments.view_break")


class BreakRefundInline(ReadOnly, TabularInline):
    """How the PSP was asked to pay a break's money back, and what became of that."""

    model = BreakRefund
    fields = ("public_id", "state", "payment_reference", "psp_reference", "failure_reason", "asked_by", "created_at")
    ordering = ("pk",)
    extra = 0

    def has_view_permission(self, request: HttpRequest, _obj: object = None) -> bool:
        """Whoever sees a break sees its refund."""
        return request.user.has_perm("payments.view_break")


class SettlementLineInline(ReadOnly, TabularInline):
    """The settlement line that a break is about."""

    model = SettlementLine
    fields = ("line_id", "kind", "gross_minor", "fee_minor", "currency", "psp_reference", "occurred_at")
    ordering = ("pk",)
    extra = 0
    show_change_link = True


@admin.register(Break)
class BreakAdmin(ReadOnly, BreaksInBulk):
    """Findings, the most urgent first."""

    when_empty = "Nothing of what PSPs and banks say differs from what we know."
    list_display = ("public_id", "stands", "what", "money", "suspense", "psp", "psp_reference", "owner", "due_at")
    list_filter = ("state", "kind", "psp", "currency", "in_suspense", "owner")
    list_before_template = "admin/payments/breaks_open.html"
    search_fields = ("public_id", "subject", "psp_reference", "detail", "attempt__uuid")
    date_hierarchy = "opened_at"
    ordering = ("state", "due_at")
    inlines = (BreakEventInline, BreakRefundInline, SettlementLineInline)
    fieldsets = (
        (None, {"fields": ("public_id", "stands", "kind", "detail", "money", "suspense", "attempt", "psp_reference")}),
        ("Who looks into it", {"fields": ("owner", "opened_at", "due_at")}),
        ("What it was", {"fields": ("resolution", "reason", "resolved_by", "resolved_at")}),
    )
    readonly_fields = ("stands", "money", "suspense")
    actions_detail = ("resolve", "assign")

    def has_resolve_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Let those resolve who have that right."""
        return request.user.has_perm("payments.resolve_break")

    def get_actions_detail(self, request: HttpRequest, object_id: int | str) -> list[Any]:
        """Offer nothing about what is resolved."""
        still = Break.objects.filter(pk=object_id, state=BreakState.OPEN).exists()
        return super().get_actions_detail(request, object_id) if still else []

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Show what is open above the list."""
        now = datetime.now(UTC)
        told = {
            "waiting": figures.waiting_breaks(now=now),
            "overdue": figures.overdue_breaks(now=now),
            "suspense": [(each.psp, words.money(each.received_minor, each.currency)) for each in figures.in_suspense()],
        }
        return super().changelist_view(request, {**told, **(extra_context or {})})

    @action(description="Resolve ...", url_path="resolve", permissions=["resolve"])  # type: ignore[untyped-decorator]  # unfold's
    def resolve(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask what it was, and take its money out of suspense."""
        held = get_object_or_404(Break, pk=object_id)
        suspense = (
            f"{_money(held)} leaves suspense: to where it belongs. Of a refund, once the PSP has paid it back."
            if held.in_suspense
            else "Nothing is posted: nothing of it is in suspense."
        )
        for_two = is_for_two(held=held)
        last = "It is for two people: somebody else has to agree." if for_two else "This is final."
        button = "Propose it" if for_two else "Resolve it"
        deed = self._deed(held, title="Resolve the break", effect=f"{suspense} {last}", button=button)
        facts = [*deed.facts, ("A refund would go by", paid_by(held=held))]
        deed = replace(deed, facts=facts)

        def act(form: ResolveForm) -> str:
            told = form.cleaned_data
            verb = propose_resolution if for_two else resolve_break
            with transaction():
                verb(
                    break_id=held.public_id,
                    how=form.told(),
                    reason=told["reason"],
                    by=request.user.get_username(),
                    operation=told["operation"],
                    now=datetime.now(UTC),
                )
            if for_two:
                return f"{held.public_id} waits for a second person."
            return what_comes_of(break_id=held.public_id)

        return ask(request, deed=deed, opts=self.opts, draw=ResolveForm, act=act)

    @action(description="Assign ...", url_path="assign", permissions=["resolve"])  # type: ignore[untyped-decorator]  # unfold's
    def assign(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask who looks into it, and until when."""
        held = get_object_or_404(Break, pk=object_id)
        deed = self._deed(held, title="Assign the break", effect="Nothing is posted.", button="Assign it")

        def draw(sent: Any = None) -> AssignForm:
            return AssignForm(sent, initial={"owner": held.owner or request.user.get_username(), "due_at": held.due_at})

        def act(form: AssignForm) -> str:
            told = form.cleaned_data
            with transaction():
                assign_break(
                    break_id=held.public_id,
                    owner=told["owner"].strip(),
                    due_at=told["due_at"],
                    by=request.user.get_username(),
                    operation=told["operation"],
                    now=datetime.now(UTC),
                )
            return f"{held.public_id} is with {told['owner'] or 'nobody'}."

        return ask(request, deed=deed, opts=self.opts, draw=draw, act=act)

    @staticmethod
    def _deed(held: Break, *, title: str, effect: str, button: str) -> Deed:
        facts = [
            ("Break", f"{held.public_id}, {held.kind}"),
            ("What does not fit", held.detail),
            ("Money", _money(held)),
            ("PSP", f"{held.psp} {held.psp_account}"),
            ("Payment at the PSP", held.psp_reference or "-"),
        ]
        return Deed(title, facts, effect, button, back=reverse("admin:payments_break_change", args=[held.pk]))

    @labelled(description="state", ordering="state", labels=LABELS)
    def stands(self, held: Break) -> str:
        """Return the state, to be seen at once."""
        return "overdue" if held.state == BreakState.OPEN and held.due_at < datetime.now(UTC) else held.state

    @admin.display(description="money", ordering="amount_minor")
    def money(self, held: Break) -> str:
        """Return what it is about, and in whose favour."""
        return _money(held)

    @admin.display(description="kind", ordering="kind")
    def what(self, held: Break) -> str:
        """Return the kind in words, which may stand in two lines."""
        return held.kind.replace("_", " ")

    @admin.display(description="held", ordering="in_suspense", boolean=True)
    def suspense(self, held: Break) -> bool:
        """Whether its money is in suspense now."""
        return held.in_suspense and held.state == BreakState.OPEN


def paid_by(*, held: Break) -> str:
    """Return the payment at the PSP by which a break's money would go back, or why it cannot."""
    try:
        return check_refundable(held=held)
    except PaymentRefused as refusal:
        return f"- ({refusal.detail})"


def what_comes_of(*, break_id: str) -> str:
    """Return what to say to whoever has just ended a break, or had its refund asked for."""
    if is_being_refunded(held=Break.objects.get(public_id=break_id)):
        return f"The PSP is asked to pay it back. {break_id} stays open until it has."
    return f"{break_id} is resolved."


def _money(held: Break) -> str:
    sum_ = words.money(held.amount_minor, held.currency)
    return f"{sum_} more for us" if held.received else f"{sum_} less for us"
