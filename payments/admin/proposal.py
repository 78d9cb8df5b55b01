"""The form in which a person says how an attempt ended, and what shows it."""

from datetime import datetime
from decimal import Decimal
from typing import Any, override

from django import forms
from django_subatomic.db import transaction
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from ledger.money import Money, exponent
from payments.admin.deed import DeedForm
from payments.models import Attempt
from payments.propose_decision import Claim, propose_decision
from payments.states import DecisionOutcome

OUTCOMES = {
    DecisionOutcome.CAPTURED: "captured: the PSP has taken the money",
    DecisionOutcome.AUTHORIZED: "authorised: the PSP holds the money",
    DecisionOutcome.VOIDED: "voided: the PSP has let go of it, or paid it back in full",
    DecisionOutcome.DECLINED: "declined, or it never happened: the PSP has nothing of it",
}
_OF_MONEY = (DecisionOutcome.CAPTURED, DecisionOutcome.AUTHORIZED)


class ProposalForm(DeedForm):
    """How it ended, by what evidence."""

    outcome = forms.ChoiceField(
        choices=[("", "Choose ..."), *OUTCOMES.items()], widget=UnfoldAdminSelectWidget, label="How it ended"
    )
    psp_reference = forms.CharField(
        max_length=255,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        label="Payment at the PSP",
        help_text="The PSP's own id of the payment, such as pi_...; empty only where there is none.",
    )
    amount = forms.DecimalField(required=False, widget=UnfoldAdminDecimalFieldWidget, localize=False)
    reason = forms.CharField(max_length=500, widget=UnfoldAdminTextInputWidget, help_text="In a sentence.")
    evidence = forms.CharField(
        max_length=4000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        label="What shows it",
        help_text="What you saw, and where: enough for the second person to look for themselves. No card data.",
    )

    def __init__(self, attempt: Attempt, *sent: Any) -> None:
        super().__init__(*sent)
        self.attempt = attempt
        places = exponent(attempt.currency)
        amount, reference = self.fields["amount"], self.fields["psp_reference"]
        amount.label = f"Captured or held, in {attempt.currency}"
        amount.help_text = "Only where money was captured or is held: in all, as the PSP shows it."
        amount.initial = Decimal(attempt.amount_minor).scaleb(-places)
        reference.initial = attempt.psp_reference or ""

    @override
    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or {}
        if told.get("outcome") in _OF_MONEY and told.get("amount") is not None:
            minor = told["amount"].scaleb(exponent(self.attempt.currency))
            if minor != int(minor):
                self.add_error(field="amount", error=f"{self.attempt.currency} has no such small unit.")
        elif told.get("outcome") in _OF_MONEY and "amount" not in self.errors:
            self.add_error(field="amount", error="How much?")
        return told

    def claim(self) -> Claim:
        """Return what the person says."""
        told = self.cleaned_data
        outcome, money = DecisionOutcome(told["outcome"]), None
        if outcome in _OF_MONEY:
            currency = self.attempt.currency
            money = Money(int(told["amount"].scaleb(exponent(currency))), currency)
        return Claim(outcome, told["psp_reference"].strip(), money, told["reason"], told["evidence"])


@transaction
def propose(*, form: ProposalForm, by: str, now: datetime) -> str:
    """Propose what the form says, and return what to say of it."""
    decision = propose_decision(
        attempt_uuid=form.attempt.uuid, claim=form.claim(), by=by, operation=form.cleaned_data["operation"], now=now
    )
    return f"{decision} is proposed. Another person has to look at it, and apply it."
