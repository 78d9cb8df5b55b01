"""The shapes that checkout/order_representation.py writes, for OpenAPI. Tests hold the two together."""

from rest_framework import serializers

from checkout.api import schemas
from checkout.states import Disposition, LineStatus, OrderState


class OrderLineSchema(schemas.LineSchema):
    """A line of an order, and how many of its units went off, were canceled, or came back."""

    status = serializers.ChoiceField(
        choices=[str(status) for status in LineStatus],
        help_text="`processing`: nothing is shipped; `partial`: some is; `fulfilled`: nothing is left to ship; "
        "`removed`: all of it was canceled.",
    )
    shipped_quantity = serializers.IntegerField(min_value=0)
    canceled_quantity = serializers.IntegerField(min_value=0)
    returned_quantity = serializers.IntegerField(min_value=0)


class ShippedUnitsSchema(serializers.Serializer[object]):
    """Units of a line that left a location."""

    sku = serializers.CharField()
    quantity = serializers.IntegerField(min_value=1)
    location = serializers.CharField(help_text="The stock location's code.")


class ShipmentSchema(serializers.Serializer[object]):
    """Goods that left."""

    id = serializers.CharField()
    carrier = serializers.CharField(allow_blank=True)
    tracking_number = serializers.CharField(allow_blank=True)
    tracking_url = serializers.CharField(allow_null=True)
    line_items = ShippedUnitsSchema(many=True)
    amount_minor = serializers.IntegerField(min_value=0, help_text="What was earned by it, taxes included.")
    capture = serializers.CharField(allow_null=True, help_text="What it asked for, where the payment was only held.")
    created_at = serializers.DateTimeField()


class AdjustedUnitsSchema(serializers.Serializer[object]):
    """Units of a line that were canceled or came back."""

    sku = serializers.CharField()
    quantity = serializers.IntegerField(min_value=1)
    disposition = serializers.ChoiceField(
        choices=[str(each) for each in Disposition], allow_null=True, help_text="Of a return: where they went."
    )


class AdjustmentSchema(serializers.Serializer[object]):
    """What was taken off an order, or came back. Its refund is not listed once more."""

    id = serializers.CharField()
    kind = serializers.ChoiceField(choices=["cancellation", "return", "refund", "dispute"])
    state = serializers.CharField(
        help_text="How its refund stands, or the dispute; `succeeded` where nothing is to be paid back."
    )
    amount_minor = serializers.IntegerField(
        min_value=0, help_text="What goes back to the buyer; without a refund, what is not taken."
    )
    refund = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    line_items = AdjustedUnitsSchema(many=True)
    created_at = serializers.DateTimeField()


class OrderSchema(serializers.Serializer[object]):
    """An order."""

    id = serializers.CharField()
    object = serializers.ChoiceField(choices=["order"])
    state = serializers.ChoiceField(choices=[str(state) for state in OrderState])
    checkout_session = serializers.CharField()
    payment_intent = serializers.CharField(allow_null=True, help_text="None where it costs nothing.")
    currency = serializers.CharField()
    line_items = OrderLineSchema(many=True)
    totals = schemas.TotalSchema(many=True)
    taxes = schemas.TaxSchema(many=True)
    discount_code = serializers.CharField(allow_blank=True)
    discount = schemas.DiscountSchema(allow_null=True)
    customer = serializers.CharField(allow_blank=True)
    buyer = schemas.BuyerSchema()
    shipping_address = serializers.DictField(child=serializers.CharField())
    fulfillment_option = schemas.FulfillmentSchema(allow_null=True)
    shipments = ShipmentSchema(many=True, help_text="The first one first.")
    adjustments = AdjustmentSchema(many=True, help_text="The oldest first.")
    created_at = serializers.DateTimeField()
