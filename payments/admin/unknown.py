"""Unknown outcomes: how many, for how long, at which PSP, and what they come to."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, override

from django.contrib import admin, messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.admin import ModelAdmin

from exactly_once.admin.confirm import Foreseen, Question, unconfirmed
from exactly_once.read_only import ReadOnly
from payments.admin import words
from payments.admin.labels import labelled
from payments.ask_again import ask_again
from payments.figures import AGES, OLDEST, Unknowns, unknown_attempts
from payments.models import Decision, UnknownAttempt
from payments.states import AttemptState, DecisionState


class AgeFilter(admin.SimpleListFilter):
    """By how long ago the PSP was asked."""

    title = "age"
    parameter_name = "age"

    @override
    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return words.AGE_WORDS.items()

    @override
    def queryset(self, request: HttpRequest, queryset: QuerySet[UnknownAttempt]) -> QuerySet[UnknownAttempt]:
        chosen, now = self.value(), datetime.now(UTC)
        if chosen not in words.AGE_WORDS:
            return queryset
        names = list(words.AGE_WORDS)
        place = names.index(chosen)
        if chosen != OLDEST:
            queryset = queryset.filter(submitted_at__gt=now - AGES[chosen])
        return queryset.filter(submitted_at__lte=now - AGES[names[place - 1]]) if place else queryset


class ProposalFilter(admin.SimpleListFilter):
    """By whether a decision waits for a second person."""

    title = "decision"
    parameter_name = "decision"

    @override
    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [("proposed", "proposed"), ("none", "none")]

    @override
    def queryset(self, request: HttpRequest, queryset: QuerySet[UnknownAttempt]) -> QuerySet[UnknownAttempt]:
        match self.value():
            case "proposed":
                return queryset.filter(_proposed())
            case "none":
                return queryset.exclude(_proposed())
            case _:
                return queryset


@dataclass(frozen=True, slots=True)
class Row:
    """One PSP account and currency: what there is of each age, the youngest first, and in all."""

    psp: str
    account: str
    currency: str
    cells: list[tuple[str, int, str]]
    attempts: int
    total: str


@admin.register(UnknownAttempt)
class UnknownAttemptAdmin(ReadOnly, ModelAdmin):
    """Attempts that nobody knows the outcome of, the oldest first; each leads to its own page."""

    when_empty = "Every PSP has answered for every attempt."
    list_display = ("order", "age", "amount", "psp", "psp_account", "psp_reference", "why", "decision")
    list_display_links = None
    list_filter = (AgeFilter, ProposalFilter, "psp", "psp_account", "currency")
    list_select_related = ("intent",)
    list_before_template = "admin/payments/unknown_by_age.html"
    search_fields = ("uuid", "psp_reference", "intent__public_id", "intent__order_reference")
    ordering = ("submitted_at",)
    actions = ("ask_now",)

    def has_view_permission(self, request: HttpRequest, _obj: object = None) -> bool:
        """Whoever sees attempts sees these."""
        return request.user.has_perm("payments.view_attempt") or request.user.has_perm("payments.change_attempt")

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Return the same."""
        return self.has_view_permission(request)

    def has_ask_permission(self, request: HttpRequest) -> bool:
        """Whoever may change attempts may have a PSP asked: no field is edited."""
        return request.user.has_perm("payments.change_attempt")

    def get_queryset(self, request: HttpRequest) -> QuerySet[UnknownAttempt]:
        """Return those whose outcome is unknown, and whether a decision is proposed."""
        found: QuerySet[UnknownAttempt] = super().get_queryset(request).filter(state=AttemptState.UNKNOWN)
        return found.annotate(is_proposed=_proposed())

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Show the sums above the list."""
        rows = _rows(unknown_attempts(now=datetime.now(UTC)))
        told = {"by_age": rows, "age_words": words.AGE_WORDS, **(extra_context or {})}
        return super().changelist_view(request, told)

    def changeform_view(self, _request: HttpRequest, object_id: str | None = None, *_: Any) -> HttpResponse:
        """Lead to the attempt's own page, which there is whether or not the outcome is known by now."""
        return HttpResponseRedirect(reverse("admin:payments_attempt_change", args=[object_id]))

    @admin.action(description="Ask the PSP now", permissions=["ask"])
    def ask_now(self, request: HttpRequest, attempts: QuerySet[UnknownAttempt]) -> TemplateResponse | None:
        """Ask, then have workers look them up."""
        told = "looked up at their PSP, at once; asking is harmless, however often it is done"
        question = Question("Ask the PSP now?", [Foreseen(told, attempts)])
        asked = unconfirmed(request, question, opts=self.opts, action="ask_now")
        if asked is not None:
            return asked
        due = ask_again(attempt_uuids=list(attempts.values_list("uuid", flat=True)), now=datetime.now(UTC))
        self.message_user(request, f"The PSP is being asked about {len(due)}.", messages.SUCCESS)
        return None

    @admin.display(description="order", ordering="intent__order_reference")
    def order(self, attempt: UnknownAttempt) -> str:
        """Lead to the attempt by what it is for."""
        address = reverse("admin:payments_attempt_change", args=[attempt.pk])
        return format_html('<a class="underline" href="{}">{}</a>', address, attempt.intent.order_reference)

    @admin.display(description="unknown for", ordering="submitted_at")
    def age(self, attempt: UnknownAttempt) -> str:
        """Say how long ago the PSP was asked."""
        return words.age(attempt.submitted_at, datetime.now(UTC))

    @admin.display(description="amount", ordering="amount_minor")
    def amount(self, attempt: UnknownAttempt) -> str:
        """Return what was asked for."""
        return words.money(attempt.amount_minor, attempt.currency)

    @admin.display(description="why")
    def why(self, attempt: UnknownAttempt) -> str:
        """Return what happened instead of an answer."""
        return attempt.unknown_reason

    @labelled(description="decision", ordering="is_proposed", labels={"proposed": "warning"})
    def decision(self, attempt: UnknownAttempt) -> str | None:
        """Say whether a second person is waited for."""
        return "proposed" if getattr(attempt, "is_proposed", False) else None


def _proposed() -> Exists:
    return Exists(Decision.objects.filter(attempt=OuterRef("pk"), state=DecisionState.PROPOSED))


def _rows(found: Iterable[Unknowns]) -> list[Row]:
    groups: dict[tuple[str, str, str], dict[str, Unknowns]] = {}
    for each in found:
        groups.setdefault((each.psp, each.account, each.currency), {})[each.age] = each
    return [
        Row(
            *key,
            cells=[_cell(name, ages.get(name)) for name in words.AGE_WORDS],
            attempts=sum(each.attempts for each in ages.values()),
            total=words.money(sum(each.total_minor for each in ages.values()), key[2]),
        )
        for key, ages in groups.items()
    ]


def _cell(name: str, found: Unknowns | None) -> tuple[str, int, str]:
    return (name, 0, "") if found is None else (name, found.attempts, words.money(found.total_minor, found.currency))
