"""What people are asked about breaks."""

from django import forms
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from payments.admin.deed import DeedForm
from payments.resolve_break import How
from payments.states import BreakResolution

HOW_WORDS = {
    BreakResolution.EXPLAINED: "Explained: what it was is in the books as itself",
    BreakResolution.WRITTEN_OFF: "Written off: nobody will find out",
    BreakResolution.CORRECTED: "Corrected: it belongs to the account below",
    BreakResolution.LINKED: "Linked: the break below makes up for it",
    BreakResolution.REFUNDED: "Refunded: nobody is owed it, and the PSP is to pay it back",
}


class ReasonForm(DeedForm):
    """What it was."""

    reason = forms.CharField(max_length=500, widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}), label="What it was")


class ResolveForm(ReasonForm):
    """What it was, and where its money belongs."""

    field_order = ("how", "account", "other", "reason")
    how = forms.ChoiceField(
        choices=[(str(how), said) for how, said in HOW_WORDS.items()],
        initial=str(BreakResolution.EXPLAINED),
        required=False,
        widget=UnfoldAdminSelectWidget,
        label="How it ends",
    )
    account = forms.CharField(
        max_length=255, required=False, widget=UnfoldAdminTextInputWidget, label="Ledger account, of a correction"
    )
    other = forms.CharField(
        max_length=40, required=False, widget=UnfoldAdminTextInputWidget, label="Other break (brk_...), of a link"
    )

    def told(self) -> How:
        """Return how it ends: what another way of ending it asks for is left out."""
        how = BreakResolution(self.cleaned_data["how"] or BreakResolution.EXPLAINED)
        account = self.cleaned_data["account"].strip() if how is BreakResolution.CORRECTED else ""
        other = self.cleaned_data["other"].strip() if how is BreakResolution.LINKED else ""
        return How(how, account, other)


class AssignForm(DeedForm):
    """Who looks into it, and until when."""

    owner = forms.CharField(
        max_length=150, required=False, widget=UnfoldAdminTextInputWidget, label="Who looks into it"
    )
    due_at = forms.SplitDateTimeField(widget=UnfoldAdminSplitDateTimeWidget, label="Due at (UTC)")
