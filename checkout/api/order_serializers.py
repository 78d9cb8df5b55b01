"""What clients may send about orders: every field by name, and nothing else."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from checkout.cancel_order import Cancel
from checkout.cart_use import MAX_LINES
from checkout.models.cart import MAX_QUANTITY
from checkout.order_units import Wanted
from checkout.return_order import GoodsBack
from checkout.ship_order import Parcel
from checkout.states import Disposition
from exactly_once.api.serializers import (
    BoundedListField,
    PatternField,
    StrictBooleanField,
    StrictIntegerField,
    StrictSerializer,
)
from payments.api.serializers import WEB_ADDRESS

_ALL_OPEN = "Left out: all that is neither shipped nor canceled."
_REASON = "For you; it is shown with the order."


class UnitsSerializer(StrictSerializer):
    """Units of a line of the order."""

    sku = serializers.CharField(max_length=64)
    quantity = StrictIntegerField(min_value=1, max_value=MAX_QUANTITY)


class ShippedUnitsSerializer(UnitsSerializer):
    """Units that leave."""

    location = serializers.CharField(
        max_length=32, required=False, help_text="The stock location's code; left out: wherever they are reserved."
    )


class ReturnedUnitsSerializer(UnitsSerializer):
    """Units that came back."""

    disposition = serializers.ChoiceField(
        choices=[str(each) for each in Disposition],
        help_text="`restock`: on the shelf again; `write_off`: not to be sold.",
    )
    location = serializers.CharField(
        max_length=32, required=False, help_text="Where they are now; left out: where they were sent from."
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample("All that is left", {"carrier": "DHL", "tracking_number": "00340434161094015902"}),
        OpenApiExample("A part of it", {"lines": [{"sku": "TEA-100", "quantity": 1}]}),
    ]
)
class ShipmentSerializer(StrictSerializer):
    """What is sent, and by whom."""

    lines = BoundedListField(
        child=ShippedUnitsSerializer(), allow_empty=False, max_length=MAX_LINES, required=False, help_text=_ALL_OPEN
    )
    carrier = serializers.CharField(max_length=64, required=False, allow_blank=True)
    tracking_number = serializers.CharField(max_length=64, required=False, allow_blank=True)
    tracking_url = PatternField(
        WEB_ADDRESS, max_length=2048, required=False, help_text="Where the buyer can follow it; it is in the mail."
    )

    def parcel(self) -> Parcel:
        """Return the validated body as the domain's parcel."""
        told = dict(self.validated_data)
        return Parcel(lines=[Wanted(**each) for each in told.pop("lines", ())], **told)


@extend_schema_serializer(
    examples=[
        OpenApiExample("The whole order", {}),
        OpenApiExample("A part of it", {"lines": [{"sku": "MUG-WHT", "quantity": 1}], "reason": "out of print"}),
    ]
)
class CancelOrderSerializer(StrictSerializer):
    """What will not be sent."""

    lines = BoundedListField(
        child=UnitsSerializer(), allow_empty=False, max_length=MAX_LINES, required=False, help_text=_ALL_OPEN
    )
    reason = serializers.CharField(max_length=64, required=False, allow_blank=True, help_text=_REASON)

    def cancel(self) -> Cancel:
        """Return the validated body as the domain's cancellation."""
        told = self.validated_data
        return Cancel(lines=[Wanted(**each) for each in told.get("lines", ())], reason=told.get("reason", ""))


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A broken mug, paid back",
            {"lines": [{"sku": "MUG-WHT", "quantity": 1, "disposition": "write_off"}], "refund": True},
        ),
    ]
)
class ReturnSerializer(StrictSerializer):
    """What came back, and whether it is paid back."""

    lines = BoundedListField(child=ReturnedUnitsSerializer(), allow_empty=False, max_length=MAX_LINES)
    refund = StrictBooleanField(help_text="Whether the buyer gets back what these units had cost, taxes included.")
    refund_shipping = StrictBooleanField(
        default=False,
        help_text="Whether also what is left of the shipping; with `refund` only, else refused.",
    )
    reason = serializers.CharField(max_length=64, required=False, allow_blank=True, help_text=_REASON)

    def validate(self, told: dict[str, Any]) -> dict[str, Any]:
        """Refuse a shipping that is to be paid back where nothing is."""
        if told["refund_shipping"] and not told["refund"]:
            why = ErrorDetail("Nothing is paid back: say `refund`, too.", code="refund_shipping_alone")
            raise serializers.ValidationError({"refund_shipping": why})
        return told

    def goods(self) -> GoodsBack:
        """Return the validated body as the domain's return."""
        told = self.validated_data
        lines = [Wanted(**{**each, "disposition": Disposition(each["disposition"])}) for each in told["lines"]]
        return GoodsBack(lines, told["refund"], shipping=told["refund_shipping"], reason=told.get("reason", ""))
