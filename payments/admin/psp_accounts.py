"""How PSP accounts do, and which are left alone."""

from datetime import UTC, datetime, timedelta

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django_subatomic.db import transaction
from unfold.admin import ModelAdmin
from unfold.decorators import action

from exactly_once.admin.confirm import Question, split, unconfirmed
from exactly_once.read_only import ReadOnly
from payments import circuit
from payments.models import PspCircuit
from payments.performance import costs, performance
from payments.states import CircuitState

PERIODS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "month": timedelta(days=30)}


@admin.register(PspCircuit)
class PspCircuitAdmin(ReadOnly, ModelAdmin):
    """Accounts that have failed at least once, and whether payments go there."""

    when_empty = "No PSP account has failed yet: an account comes here with its first failure."
    list_display = ("psp", "psp_account", "state", "reason", "opened_at", "probe_at", "trips")
    list_filter = ("state", "psp")
    search_fields = ("psp", "psp_account", "reason")
    actions = ("close_now",)
    actions_list = ("figures",)

    def has_close_permission(self, request: HttpRequest) -> bool:
        """Whoever may change circuits may close them: no field is edited."""
        return request.user.has_perm("payments.change_pspcircuit")

    @admin.action(description="Close now", permissions=["close"])
    def close_now(self, request: HttpRequest, circuits: QuerySet[PspCircuit]) -> TemplateResponse | None:
        """Ask, then send payments there again."""
        foreseen = split(
            circuits,
            ~Q(state=CircuitState.CLOSED),
            does="closed: payments go there again at once",
            otherwise="left alone: payments go there",
        )
        asked = unconfirmed(request, Question("Close now?", foreseen), opts=self.opts, action="close_now")
        if asked is not None:
            return asked
        now = datetime.now(UTC)
        with transaction():
            closed = sum(circuit.reset(circuit_id=each.pk, now=now) for each in circuits)
        self.message_user(request, f"{closed} closed.", messages.SUCCESS)
        return None

    @action(description="Authorisation rates and costs", url_path="figures", permissions=["view"])  # type: ignore[untyped-decorator]  # unfold's
    def figures(self, request: HttpRequest) -> HttpResponse:
        """Answer with every account's figures."""
        period = request.GET.get("period", "day")
        since = datetime.now(UTC) - PERIODS.get(period, PERIODS["day"])
        context = {
            **self.admin_site.each_context(request),
            "title": "PSP accounts",
            "opts": self.opts,
            "period": period if period in PERIODS else "day",
            "periods": list(PERIODS),
            "accounts": [(each, _percent(each.authorisation_rate)) for each in performance(since=since)],
            "costs": [(each, _percent(each.share)) for each in costs()],
        }
        return TemplateResponse(request, "admin/payments/psp_accounts.html", context)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.2%}"
