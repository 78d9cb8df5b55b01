"""The shapes that checkout/representation.py writes, for OpenAPI. Tests hold the two together."""

from rest_framework import serializers

from payments.api.schemas import NextActionSchema


class LineSchema(serializers.Serializer[object]):
    """A line of a session or an order."""

    sku = serializers.CharField()
    name = serializers.CharField()
    quantity = serializers.IntegerField()
    unit_amount_minor = serializers.IntegerField(help_text="Minor units of the currency.")
    total_minor = serializers.IntegerField()


class TotalSchema(serializers.Serializer[object]):
    """One of the totals; they always add up."""

    type = serializers.ChoiceField(choices=["subtotal", "total"])
    amount_minor = serializers.IntegerField()


class BuyerSchema(serializers.Serializer[object]):
    """Who buys."""

    email = serializers.CharField(allow_blank=True)
    name = serializers.CharField(allow_blank=True)


class SessionOrderSchema(serializers.Serializer[object]):
    """The order that a completed session became."""

    id = serializers.CharField()
    state = serializers.CharField()


class SessionSchema(serializers.Serializer[object]):
    """A checkout session."""

    id = serializers.CharField()
    object = serializers.ChoiceField(choices=["checkout_session"])
    state = serializers.ChoiceField(
        choices=[
            "incomplete",
            "ready_for_complete",
            "complete_in_progress",
            "requires_escalation",
            "completed",
            "canceled",
            "expired",
        ]
    )
    currency = serializers.CharField()
    line_items = LineSchema(many=True)
    totals = TotalSchema(many=True)
    buyer = BuyerSchema()
    shipping_address = serializers.DictField(child=serializers.CharField())
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    order = SessionOrderSchema(allow_null=True)
    next_action = NextActionSchema(allow_null=True)


class OrderSchema(serializers.Serializer[object]):
    """An order."""

    id = serializers.CharField()
    object = serializers.ChoiceField(choices=["order"])
    state = serializers.ChoiceField(choices=["confirmed"])
    checkout_session = serializers.CharField()
    payment_intent = serializers.CharField()
    currency = serializers.CharField()
    line_items = LineSchema(many=True)
    totals = TotalSchema(many=True)
    buyer = BuyerSchema()
    created_at = serializers.DateTimeField()


class PriceSchema(serializers.Serializer[object]):
    """A unit price."""

    currency = serializers.CharField()
    unit_amount_minor = serializers.IntegerField()
    compare_at_minor = serializers.IntegerField(allow_null=True, help_text="The price that it is lower than.")


class ImageSchema(serializers.Serializer[object]):
    """A picture."""

    url = serializers.CharField(help_text="Absolute, or a path of this server.")
    alt = serializers.CharField(allow_blank=True, help_text="What it shows.")


class VariantSchema(serializers.Serializer[object]):
    """What can be put into a cart."""

    sku = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    options = serializers.DictField(child=serializers.CharField(), help_text="What tells it from the others.")
    weight_grams = serializers.IntegerField()
    available = serializers.IntegerField(help_text="Units that nobody has reserved.")
    prices = PriceSchema(many=True)


class ProductSchema(serializers.Serializer[object]):
    """A product."""

    id = serializers.CharField()
    object = serializers.ChoiceField(choices=["product"])
    slug = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    active = serializers.BooleanField(help_text="Whether it is for sale.")
    tax_category = serializers.CharField()
    images = ImageSchema(many=True)
    metadata = serializers.DictField()
    variants = VariantSchema(many=True)
