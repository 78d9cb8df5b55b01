"""Where payments are sent: rules to edit, and a page that says what they would do."""

from datetime import UTC, datetime
from typing import Any, override

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.decorators import action

from exactly_once.admin.switch import Switched
from ledger.errors import InvalidMoney
from ledger.money import Money
from payments.choose_route import dry_run
from payments.models import RoutingRule
from payments.routing import Purchase, Token


class RoutingRuleForm(forms.ModelForm):  # type: ignore[type-arg]  # generic to the type checker only
    """A rule for an account that there is."""

    class Meta:
        model = RoutingRule
        fields = (
            "name",
            "priority",
            "enabled",
            "currencies",
            "countries",
            "card_brands",
            "least_minor",
            "most_minor",
            "psp",
            "psp_account",
            "weight",
            "cost_fixed_minor",
            "cost_basis_points",
        )

    @override
    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or {}
        if told.get("psp_account") not in settings.PSP_ACCOUNTS.get(told.get("psp", ""), {}):
            there = ", ".join(f"{psp} {name}" for psp, names in settings.PSP_ACCOUNTS.items() for name in names)
            raise forms.ValidationError({"psp_account": f"The settings have no such account. There are: {there}."})
        return told

    def clean_currencies(self) -> list[str]:
        """Refuse what is no currency."""
        for code in self.cleaned_data["currencies"]:
            try:
                Money(0, code)
            except InvalidMoney as error:
                raise forms.ValidationError(str(error)) from error
        return list(self.cleaned_data["currencies"])

    def clean_countries(self) -> list[str]:
        """Write them as they are compared."""
        return [country.strip().upper() for country in self.cleaned_data["countries"]]

    def clean_card_brands(self) -> list[str]:
        """Write them as they are compared."""
        return [brand.strip().lower() for brand in self.cleaned_data["card_brands"]]


class DryRunForm(forms.Form):
    """A payment that is thought of."""

    amount_minor = forms.IntegerField(min_value=1, initial=1290, label="Amount (minor units)")
    currency = forms.CharField(max_length=3, initial="EUR")
    country = forms.CharField(max_length=2, required=False)
    card_brand = forms.CharField(max_length=16, required=False)
    psps = forms.MultipleChoiceField(label="The buyer has tokens of", widget=forms.CheckboxSelectMultiple)
    name = forms.CharField(
        max_length=64, initial="pi_example", help_text="What the draw among weights follows from.", label="Payment"
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["psps"].choices = [(psp, psp) for psp in settings.PSP_ACCOUNTS]  # type: ignore[attr-defined]

    def clean_currency(self) -> str:
        """Refuse what is no currency."""
        code = str(self.cleaned_data["currency"]).upper()
        try:
            Money(0, code)
        except InvalidMoney as error:
            raise forms.ValidationError(str(error)) from error
        return code

    def purchase(self) -> Purchase:
        """Return the payment."""
        told = self.cleaned_data
        money = Money(told["amount_minor"], told["currency"])
        return Purchase(told["name"], money, told["country"].upper(), told["card_brand"].lower())


@admin.register(RoutingRule)
class RoutingRuleAdmin(Switched):
    """Rules, in the order in which they are tried."""

    when_empty = "Without a rule, a payment goes to the PSP that issued the first of its tokens."
    form = RoutingRuleForm
    switch = "enabled"
    switched_on = 'send payments to their accounts again; see "Dry run" for which'
    switched_off = 'send no more payments anywhere; see "Dry run" for where they go instead'
    list_display = ("name", "priority", "enabled", "conditions", "psp", "psp_account", "weight", "cost")
    list_filter = ("enabled", "psp")
    search_fields = ("name", "psp", "psp_account")
    ordering = ("priority", "name")
    actions_list = ("dry_run",)

    @admin.display(description="for")
    def conditions(self, rule: RoutingRule) -> str:
        """Say in a line what the rule is for."""
        least = "" if rule.least_minor is None else f"from {rule.least_minor}"
        most = "" if rule.most_minor is None else f"to {rule.most_minor}"
        parts = (*rule.currencies, *rule.countries, *rule.card_brands, least, most)
        return " ".join(part for part in parts if part) or "every payment"

    @admin.display(description="cost")
    def cost(self, rule: RoutingRule) -> str:
        """Say what a payment costs by the rule."""
        return f"{rule.cost_fixed_minor} + {rule.cost_basis_points / 100:.2f} %"

    @action(description="Dry run", url_path="dry-run", permissions=["view"])  # type: ignore[untyped-decorator]  # unfold's
    def dry_run(self, request: HttpRequest) -> HttpResponse:
        """Answer which account would take a payment, and why no other."""
        asked = bool(request.GET)
        form = DryRunForm(request.GET) if asked else DryRunForm(initial={"psps": list(settings.PSP_ACCOUNTS)})
        planned = None
        if asked and form.is_valid():
            tokens = [Token(psp, "a token") for psp in form.cleaned_data["psps"]]
            planned = dry_run(purchase=form.purchase(), tokens=tokens, now=datetime.now(UTC))
        context = {
            **self.admin_site.each_context(request),
            "title": "Routing: dry run",
            "opts": self.opts,
            "form": form,
            "plan": planned,
        }
        return TemplateResponse(request, "admin/payments/routing_dry_run.html", context)
