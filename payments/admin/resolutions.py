"""How people want to resolve breaks whose sums are for two: to look at, and to agree with or not."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.contrib import admin
from django.db.models import Case, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django_subatomic.db import transaction
from unfold.admin import ModelAdmin
from unfold.decorators import action

from exactly_once.read_only import ReadOnly
from payments.admin import words
from payments.admin.breaks import paid_by, what_comes_of
from payments.admin.decisions import LABELS
from payments.admin.deed import Deed, DeedForm, ask
from payments.admin.labels import labelled
from payments.models import Resolution
from payments.propose_resolution import approve_resolution, close_resolution
from payments.states import BreakResolution, DecisionState


@admin.register(Resolution)
class ResolutionAdmin(ReadOnly, ModelAdmin):
    """Proposals, those that wait for a second person first."""

    when_empty = "A resolution comes here when a break's sum is for two people and one of them proposes how it ends."
    list_display = ("public_id", "stands", "resolution", "money", "about", "reason", "proposed_by", "proposed_at")
    list_filter = ("state", "resolution", "about__psp")
    list_select_related = ("about",)
    search_fields = ("public_id", "about__public_id", "reason", "account", "proposed_by", "closed_by")
    date_hierarchy = "proposed_at"
    ordering = (Case(When(state=DecisionState.PROPOSED, then=Value(0)), default=Value(1)), "-pk")
    exclude = ("operation",)
    raw_id_fields = ("about", "other")
    readonly_fields = ("stands", "money")
    actions_detail = ("approve", "put_away")

    def has_approve_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Let those agree who have that right; that they are not the proposer is the verb's business."""
        return request.user.has_perm("payments.approve_resolution")

    def has_put_away_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Let proposers withdraw, and those who may agree reject."""
        return request.user.has_perm("payments.resolve_break") or request.user.has_perm("payments.approve_resolution")

    def get_actions_detail(self, request: HttpRequest, object_id: int | str) -> list[Any]:
        """Offer nothing about what is closed."""
        waits = Resolution.objects.filter(pk=object_id, state=DecisionState.PROPOSED).exists()
        return super().get_actions_detail(request, object_id) if waits else []

    @action(description="Approve ...", url_path="approve", permissions=["approve"])  # type: ignore[untyped-decorator]  # unfold's
    def approve(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Show it once more, and resolve the break by it."""

        def verb(proposal: Resolution, by: str) -> str:
            approve_resolution(resolution_id=proposal.public_id, by=by, now=datetime.now(UTC))
            return what_comes_of(break_id=proposal.about.public_id)

        effect = (
            "Look for yourself first: you sign for it. Its money leaves suspense, or the PSP is asked to pay it back."
        )
        return self._ask(request, object_id, ("Approve the resolution", effect, "I have looked: approve it"), verb)

    @action(description="Reject or withdraw ...", url_path="put-away", permissions=["put_away"])  # type: ignore[untyped-decorator]  # unfold's
    def put_away(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Close the proposal without any effect."""

        def verb(proposal: Resolution, by: str) -> str:
            state = close_resolution(resolution_id=proposal.public_id, by=by, now=datetime.now(UTC))
            return f"The proposal is {state}."

        effect = "The break stays open, and another way may be proposed."
        return self._ask(request, object_id, ("Put the proposal away", effect, "Put it away"), verb)

    def _ask(
        self, request: HttpRequest, object_id: int, told: tuple[str, str, str], verb: Callable[[Resolution, str], str]
    ) -> HttpResponse:
        proposal = get_object_or_404(Resolution.objects.select_related("about", "other"), pk=object_id)
        title, effect, button = told
        back = reverse("admin:payments_resolution_change", args=[object_id])

        def act(_form: DeedForm) -> str:
            with transaction():
                return verb(proposal, request.user.get_username())

        deed = Deed(title, _facts(proposal), effect, button, back)
        return ask(request, deed=deed, opts=self.opts, draw=DeedForm, act=act)

    @labelled(description="state", ordering="state", labels=LABELS)
    def stands(self, proposal: Resolution) -> str:
        """Return the state, to be seen at once."""
        return proposal.state

    @admin.display(description="money", ordering="about__amount_minor")
    def money(self, proposal: Resolution) -> str:
        """Return what stands in suspense."""
        return words.money(proposal.about.amount_minor, proposal.about.currency)


def _facts(proposal: Resolution) -> list[tuple[str, str]]:
    held, other = proposal.about, proposal.other
    where = proposal.account or ("" if other is None else str(other))
    by = [("The refund goes by", paid_by(held=held))] if proposal.resolution == BreakResolution.REFUNDED else []
    return [
        ("Break", f"{held.public_id}, {held.kind}"),
        ("What does not fit", held.detail),
        ("Money", f"{words.money(held.amount_minor, held.currency)} {'more' if held.received else 'less'} for us"),
        ("PSP", f"{held.psp} {held.psp_account}"),
        ("How it ends", f"{proposal.resolution} {where}".rstrip()),
        *by,
        ("Reason", proposal.reason),
        ("Proposed by", f"{proposal.proposed_by}, {proposal.proposed_at:%Y-%m-%d %H:%M} UTC"),
    ]
