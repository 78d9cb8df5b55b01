"""What the bank booked on our accounts, and which payouts it shows."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django_subatomic.db import transaction
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from exactly_once.admin.confirm import Question, confirmed, split, unconfirmed
from exactly_once.errors import TallyError
from exactly_once.read_only import ReadOnly
from payments.admin import words
from payments.admin.deed import Deed, DeedForm, ask
from payments.admin.labels import labelled
from payments.bank_candidates import Candidate, bank_candidates
from payments.models import BankLine
from payments.settle_bank_line import match_bank_line, set_aside_bank_line
from payments.states import LineState

LABELS = {
    "new": "info",
    "matched": "success",
    "void": "success",
    "amount_mismatch": "danger",
    "currency_mismatch": "danger",
    "missing_internal": "warning",
    "duplicate": "danger",
}
_CLOSED = (LineState.MATCHED, LineState.VOID)


class ReasonForm(DeedForm):
    """Why."""

    reason = forms.CharField(max_length=500, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}), label="Why")


class MatchForm(ReasonForm):
    """Which payout it is, and why."""

    field_order = ("payout", "reason")
    payout = forms.ChoiceField(widget=UnfoldAdminSelectWidget, label="Payout, the likeliest first")

    def __init__(self, *args: Any, candidates: list[Candidate], **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [(each.payout.public_id, _words(each)) for each in candidates]
        self.fields["payout"].choices = choices  # type: ignore[attr-defined]


def _words(candidate: Candidate) -> str:
    payout, beyond = candidate.payout, candidate.beyond
    sum_ = words.money(payout.amount_minor, payout.currency)
    day = payout.arrives_on or payout.created_at.date()
    off = f", the line is {words.money(beyond.amount_minor, beyond.currency)} beyond it" if beyond.amount_minor else ""
    return f"{candidate.score} of 100: {sum_}, {day}, {payout.psp} {payout.psp_reference}, {payout.state}{off}"


@admin.register(BankLine)
class BankLineAdmin(ReadOnly, ModelAdmin):
    """Lines of bank statements, the newest first."""

    when_empty = "No statement is imported yet: upload one under 'File imports'."
    list_display = ("booked_on", "money", "stands", "bank", "counterparty", "reference", "payout")
    list_filter = ("state", "bank", "currency", ("finding", admin.EmptyFieldListFilter))
    list_before_template = "admin/payments/bank_hint.html"
    search_fields = ("line_id", "end_to_end_id", "reference", "counterparty", "payout__public_id")
    date_hierarchy = "booked_on"
    ordering = ("-booked_on", "-pk")
    fields = (
        *("money", "stands", "detail", "payout", "finding"),
        *("bank", "booked_on", "value_on", "counterparty", "reference", "end_to_end_id", "line_id"),
        *("settled_by", "settled_at", "file", "imported_at", "raw"),
    )
    readonly_fields = ("money", "stands")
    list_select_related = ("payout",)
    raw_id_fields = ("payout", "finding", "file")
    actions = ("set_aside_these",)
    actions_detail = ("match", "set_aside")

    def has_match_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Let those say what a line is who have that right."""
        return request.user.has_perm("payments.match_bankline")

    def get_actions_detail(self, request: HttpRequest, object_id: int | str) -> list[Any]:
        """Offer nothing about what is known."""
        still = BankLine.objects.filter(pk=object_id).exclude(state__in=[str(state) for state in _CLOSED]).exists()
        return super().get_actions_detail(request, object_id) if still else []

    @action(description="Match ...", url_path="match", permissions=["match"])  # type: ignore[untyped-decorator]  # unfold's
    def match(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask which payout a line is."""
        line = get_object_or_404(BankLine, pk=object_id)
        candidates = bank_candidates(line=line)
        effect = (
            "The payout is paid, if the PSP did not say so before: what it owes us is in our bank account. What the "
            "bank kept of it is a bank fee. This is final."
            if candidates
            else "There is no payout to this account, in this currency and about this time, that has not arrived."
        )
        deed = self._deed(line, "Match the line to a payout", effect, "Match it")

        def draw(sent: Any = None) -> MatchForm:
            return MatchForm(sent, candidates=candidates)

        def verb(form: DeedForm) -> None:
            told = form.cleaned_data
            by, now = request.user.get_username(), datetime.now(UTC)
            match_bank_line(line_pk=line.pk, payout_id=told["payout"], reason=told["reason"], by=by, now=now)

        return self._ask(request, deed, draw, verb, "The line is matched.")

    @action(description="Set aside ...", url_path="set-aside", permissions=["match"])  # type: ignore[untyped-decorator]  # unfold's
    def set_aside(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask why a line is about no payout."""
        line = get_object_or_404(BankLine, pk=object_id)
        deed = self._deed(line, "Set the line aside", "It is about no payout. Nothing is posted.", "Set it aside")

        def verb(form: DeedForm) -> None:
            by, reason = request.user.get_username(), form.cleaned_data["reason"]
            set_aside_bank_line(line_pk=line.pk, reason=reason, by=by, now=datetime.now(UTC))

        return self._ask(request, deed, ReasonForm, verb, "The line is set aside.")

    @admin.action(description="Set aside: about no payout", permissions=["match"])
    def set_aside_these(self, request: HttpRequest, lines: QuerySet[BankLine]) -> TemplateResponse | None:
        """Ask why, then set aside those that are open."""
        is_open = ~Q(state__in=[str(state) for state in _CLOSED])
        foreseen = split(
            lines,
            is_open,
            does="set aside: about no payout; nothing is posted",
            otherwise="left alone: matched, or set aside already",
        )
        form = ReasonForm(request.POST if confirmed(request) else None)
        question = Question("Set these lines aside?", foreseen, form=form)
        asked = unconfirmed(request, question, opts=self.opts, action="set_aside_these")
        if asked is not None:
            return asked
        reason = form.cleaned_data["reason"]
        by, now, done = request.user.get_username(), datetime.now(UTC), 0
        for pk in lines.filter(is_open).order_by("pk").values_list("pk", flat=True):
            try:
                with transaction():
                    set_aside_bank_line(line_pk=pk, reason=reason, by=by, now=now)
            except TallyError as refusal:  # somebody else has matched it meanwhile
                self.message_user(request, refusal.detail, messages.WARNING)
            else:
                done += 1
        self.message_user(request, f"{done} set aside.", messages.SUCCESS)
        return None

    def _ask[Form: DeedForm](
        self, request: HttpRequest, deed: Deed, draw: Callable[..., Form], verb: Callable[[DeedForm], None], said: str
    ) -> HttpResponse:
        def act(form: DeedForm) -> str:
            with transaction():
                verb(form)
            return said

        return ask(request, deed=deed, opts=self.opts, draw=draw, act=act)

    @staticmethod
    def _deed(line: BankLine, title: str, effect: str, button: str) -> Deed:
        facts = [
            ("Booked on", f"{line.booked_on}, {line.bank}"),
            ("Money", words.money(line.amount_minor, line.currency)),
            ("From", line.counterparty or "-"),
            ("What it is about", line.reference or "-"),
            ("So far", f"{line.state} {line.detail}"),
        ]
        return Deed(title, facts, effect, button, back=reverse("admin:payments_bankline_change", args=[line.pk]))

    @labelled(description="state", ordering="state", labels=LABELS)
    def stands(self, line: BankLine) -> str:
        """Return the state, to be seen at once."""
        return line.state

    @admin.display(description="money", ordering="amount_minor")
    def money(self, line: BankLine) -> str:
        """Return what came (or went, below zero)."""
        return words.money(line.amount_minor, line.currency)
