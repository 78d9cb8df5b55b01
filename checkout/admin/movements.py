"""Stock movements: the record is looked at; people add goods that came in, were counted anew, or are lost."""

from datetime import UTC, datetime
from typing import Any, override

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from checkout.adjust_stock import adjust_stock
from checkout.errors import StockRefused
from checkout.locks import lock_stock_item
from checkout.models import StockItem, StockLocation, StockMovement, Variant
from checkout.receive_stock import receive
from checkout.states import MovementKind
from checkout.stock import require_free, write_off_stock
from exactly_once.read_only import ReadOnly

KINDS = {
    MovementKind.RECEIVED: "received: goods came in",
    MovementKind.ADJUSTED: "adjusted: there are more (or, below zero, fewer) than was thought",
    MovementKind.WRITTEN_OFF: "written off: damaged, or gone",
}


class MovementForm(forms.ModelForm):  # type: ignore[type-arg]  # generic to the type checker only
    """What has happened to how many units of what, where, and why."""

    variant = forms.ModelChoiceField(
        Variant.objects.all(),
        widget=AutocompleteSelect(StockItem._meta.get_field("variant"), admin.site),  # noqa: SLF001 - Django's documented name
    )
    location = forms.ModelChoiceField(
        StockLocation.objects.order_by("priority", "pk"), widget=UnfoldAdminSelectWidget, empty_label=None
    )
    kind = forms.ChoiceField(choices=list(KINDS.items()), widget=UnfoldAdminSelectWidget)
    units = forms.IntegerField(min_value=-(10**9), max_value=10**9, widget=UnfoldAdminIntegerFieldWidget)
    reference = forms.CharField(
        max_length=64, widget=UnfoldAdminTextInputWidget, help_text="Such as the delivery note's number."
    )
    reason = forms.CharField(
        max_length=200, required=False, widget=UnfoldAdminTextInputWidget, help_text="What is adjusted needs one."
    )

    class Meta:
        model = StockMovement
        fields = ("kind", "reference", "reason")

    field_order = ("variant", "location", "kind", "units", "reference", "reason")

    @override
    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or {}
        if self.errors:
            return told
        adjusts, units = told["kind"] == MovementKind.ADJUSTED, told["units"]
        if adjusts and not told["reason"].strip():
            self.add_error(field="reason", error="Why are there more or fewer?")
        if units == 0 or (units < 0 and not adjusts):
            self.add_error(field="units", error="At least one unit.")
        elif told["kind"] != MovementKind.RECEIVED:
            leave = -units if adjusts else units
            item = lock_stock_item(variant_id=told["variant"].pk, location_id=told["location"].pk)
            try:
                require_free(item=item, quantity=leave)
            except StockRefused as error:
                self.add_error(field="units", error=error.detail)
        return told

    def move(self, now: datetime) -> StockMovement:
        """Do what the form says."""
        told = self.cleaned_data
        place = {"variant_id": told["variant"].pk, "location_id": told["location"].pk}
        said = {"reference": told["reference"], "reason": told["reason"].strip(), "now": now}
        match told["kind"]:
            case MovementKind.RECEIVED:
                return receive(**place, quantity=told["units"], **said)
            case MovementKind.ADJUSTED:
                return adjust_stock(**place, units=told["units"], **said)
            case _:
                return write_off_stock(**place, quantity=told["units"], **said)


@admin.register(StockMovement)
class StockMovementAdmin(ReadOnly, ModelAdmin):
    """The append-only record behind the numbers. Who added a movement is in the admin's own history."""

    when_empty = "Nothing has come in or gone out yet. Add a movement when goods arrive, are counted anew, or are lost."
    form = MovementForm
    list_display = ("created_at", "stock_item", "kind", "on_hand_delta", "reserved_delta", "reference", "reason")
    list_filter = ("kind", "stock_item__location")
    list_select_related = ("stock_item__variant", "stock_item__location")
    search_fields = ("reference", "stock_item__variant__sku", "reason")
    date_hierarchy = "created_at"

    @override
    def has_add_permission(self, request: HttpRequest, _obj: object = None) -> bool:
        return request.user.has_perm("checkout.add_stockmovement")

    @override
    def get_fields(self, request: HttpRequest, obj: StockMovement | None = None) -> tuple[str, ...]:
        if obj is None:
            return MovementForm.field_order
        return ("created_at", "stock_item", "kind", "on_hand_delta", "reserved_delta", "reference", "reason")

    @override
    def save_model(self, request: HttpRequest, obj: StockMovement, form: MovementForm, change: bool) -> None:
        """Book it; the row is the verb's."""
        moved = form.move(datetime.now(UTC))
        obj.pk, obj.stock_item = moved.pk, moved.stock_item
