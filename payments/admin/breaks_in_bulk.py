"""What people do about several breaks at once: give them to somebody, and say of all of them what they were."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from uuid import uuid5

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django_subatomic.db import transaction
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminSelectWidget

from exactly_once.admin.confirm import Foreseen, Question, confirmed, split, unconfirmed
from exactly_once.errors import TallyError
from payments.admin.break_forms import HOW_WORDS, AssignForm, ReasonForm
from payments.assign_break import assign_break
from payments.models import Break
from payments.propose_resolution import propose_resolution
from payments.resolvable import refused_as
from payments.resolve_break import How, for_two_together, resolve_break
from payments.states import BreakResolution, BreakState

# Each is a transaction of its own, and somebody waits for the page.
MOST_AT_ONCE = 500
RESOLVED = "left alone: resolved already"
# What is said of those that would be refused, by the code.
LEFT_ALONE = {
    "resolution_open": "left alone: how they end is proposed already, and waits for a second person",
    "refund_under_way": "left alone: the PSP was asked to pay them back",
    "attempt_still_open": "left alone: they end with their attempts, of which nobody knows the outcome yet",
    "break_resolved": RESOLVED,
}
# The keys of those that the page said would be proposed.
FOR_TWO = "for_two"


class ResolveAllForm(ReasonForm):
    """What they were. A correction or a link is about one break: its account, or the other break, is its own."""

    field_order = ("how", "reason")
    how = forms.ChoiceField(
        choices=[(str(how), HOW_WORDS[how]) for how in (BreakResolution.EXPLAINED, BreakResolution.WRITTEN_OFF)],
        widget=UnfoldAdminSelectWidget,
        label="How they end",
    )


class BreaksInBulk(ModelAdmin):
    """Mixed into the admin of breaks."""

    actions = ("assign_these", "resolve_these")

    @admin.action(description="Assign", permissions=["resolve"])
    def assign_these(self, request: HttpRequest, breaks: QuerySet[Break]) -> TemplateResponse | None:
        """Ask who looks into them and until when, then give them those that are open."""
        if self._too_many(request, breaks):
            return None
        foreseen = split(breaks, Q(state=BreakState.OPEN), does="given to whom you name below", otherwise=RESOLVED)
        by, now = request.user.get_username(), datetime.now(UTC)
        form = AssignForm(request.POST if confirmed(request) else None, initial={"owner": by})
        form.fields["due_at"].required = False
        form.fields["due_at"].help_text = "Empty: each stays due when it is."
        question = Question("Assign these breaks?", foreseen, form=form)
        asked = unconfirmed(request, question, opts=self.opts, action="assign_these")
        if asked is not None:
            return asked
        told = form.cleaned_data

        def assign(held: Break) -> None:
            owner, due_at, operation = told["owner"].strip(), told["due_at"], uuid5(told["operation"], held.public_id)
            assign_break(break_id=held.public_id, owner=owner, due_at=due_at, by=by, operation=operation, now=now)

        self._each(request, breaks, assign, f"with {told['owner'] or 'nobody'}")
        return None

    @admin.action(description="Resolve", permissions=["resolve"])
    def resolve_these(self, request: HttpRequest, breaks: QuerySet[Break]) -> TemplateResponse | None:
        """Ask what they were, then resolve those that are open, or propose it where they are for two people."""
        if self._too_many(request, breaks):
            return None
        form = ResolveAllForm(request.POST if confirmed(request) else None)
        refused = dict(breaks.annotate(refused_as=refused_as()).values_list("pk", "refused_as"))
        for_two = _for_two(request, breaks, [key for key, code in refused.items() if not code])
        noted = {FOR_TWO: ",".join(map(str, sorted(for_two)))}
        question = Question("Resolve these breaks?", _foreseen(breaks, refused, for_two), noted, form)
        asked = unconfirmed(request, question, opts=self.opts, action="resolve_these")
        if asked is not None:
            return asked
        told, by, now = form.cleaned_data, request.user.get_username(), datetime.now(UTC)

        def resolve(held: Break) -> None:
            verb = propose_resolution if held.pk in for_two else resolve_break
            operation = uuid5(told["operation"], held.public_id)
            how = How(BreakResolution(told["how"]))
            verb(break_id=held.public_id, how=how, reason=told["reason"], by=by, operation=operation, now=now)

        self._each(request, breaks, resolve, "resolved, or proposed to a second person")
        return None

    def _too_many(self, request: HttpRequest, breaks: QuerySet[Break]) -> bool:
        if breaks.count() <= MOST_AT_ONCE:
            return False
        told = f"Nothing was done: at most {MOST_AT_ONCE} breaks at once. Choose fewer by the filters."
        self.message_user(request, told, messages.ERROR)
        return True

    def _each(self, request: HttpRequest, breaks: QuerySet[Break], do: Callable[[Break], None], what: str) -> None:
        chosen, done = list(breaks.filter(state=BreakState.OPEN).order_by("pk")), 0
        for held in chosen:
            try:
                with transaction():
                    do(held)
            except TallyError as refusal:
                self.message_user(request, f"{held.public_id}: {refusal.detail}", messages.WARNING)
            else:
                done += 1
        self.message_user(request, f"{done} of {len(chosen)} {what}.", messages.SUCCESS if done else messages.WARNING)


def _for_two(request: HttpRequest, breaks: QuerySet[Break], free: list[int]) -> set[int]:
    """Return the keys of those that are proposed: what is for two now, and what was when the page was drawn.

    Others may have resolved some of them since: what was said to be for two people is not for one because of that.
    """
    for_two = for_two_together(breaks=breaks.filter(pk__in=free))
    if not confirmed(request):
        return for_two
    if FOR_TWO not in request.POST:  # who says nothing of a page may have seen any: all that is chosen counts
        return for_two | for_two_together(breaks=breaks)
    noted = set(request.POST[FOR_TWO].split(","))
    return for_two | {key for key in breaks.values_list("pk", flat=True) if str(key) in noted}


def _foreseen(breaks: QuerySet[Break], refused: Mapping[int, str], for_two: set[int]) -> list[Foreseen]:
    free = breaks.filter(pk__in=[key for key, code in refused.items() if not code])
    return [
        Foreseen("resolved: what they hold leaves suspense. This is final", free.exclude(pk__in=for_two)),
        Foreseen("proposed: they are for two people, and somebody else has to agree", free.filter(pk__in=for_two)),
        *(
            Foreseen(words, breaks.filter(pk__in=[key for key, as_ in refused.items() if as_ == code]), acts=False)
            for code, words in LEFT_ALONE.items()
        ),
    ]
