"""The shapes that checkout/representation.py writes, for OpenAPI. Tests hold the two together."""

from rest_framework import serializers

from payments.api.schemas import NextActionSchema


class TaxSchema(serializers.Serializer[object]):
    """What one rate comes to."""

    jurisdiction = serializers.CharField(help_text="Whom it is owed to.")
    percent = serializers.CharField(help_text="A decimal, such as 8.875.")
    inclusive = serializers.BooleanField(help_text="Whether it is a part of the prices; otherwise it comes on top.")
    amount_minor = serializers.IntegerField()


class LineSchema(serializers.Serializer[object]):
    """A line of a session or an order."""

    sku = serializers.CharField()
    name = serializers.CharField()
    quantity = serializers.IntegerField()
    unit_amount_minor = serializers.IntegerField(help_text="Minor units of the currency.")
    subtotal_minor = serializers.IntegerField(help_text="`quantity` times `unit_amount_minor`.")
    discount_minor = serializers.IntegerField()
    taxes = TaxSchema(many=True)
    total_minor = serializers.IntegerField(help_text="`subtotal_minor - discount_minor`, and the taxes on top.")


class TotalSchema(serializers.Serializer[object]):
    """One of the totals: `subtotal - discount + fulfillment + tax = total`, always."""

    type = serializers.ChoiceField(choices=["subtotal", "discount", "fulfillment", "tax", "total"])
    amount_minor = serializers.IntegerField(min_value=0)


class DiscountSchema(serializers.Serializer[object]):
    """What a code has taken off."""

    title = serializers.CharField()
    amount_minor = serializers.IntegerField()


class FulfillmentSchema(serializers.Serializer[object]):
    """How the goods are sent."""

    id = serializers.CharField()
    name = serializers.CharField()
    amount_minor = serializers.IntegerField()


class FulfillmentOptionSchema(FulfillmentSchema):
    """How the goods can be sent."""

    description = serializers.CharField(allow_blank=True)


class MessageSchema(serializers.Serializer[object]):
    """What there is to know: an `error` is to be mended before the session can be paid."""

    type = serializers.ChoiceField(choices=["error", "warning"])
    pointer = serializers.CharField(help_text="RFC 6901, into this body.")
    code = serializers.CharField(help_text="For programs; docs/errors.md names them.")
    detail = serializers.CharField()


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
    taxes = TaxSchema(many=True)
    discount_code = serializers.CharField(allow_blank=True)
    discount = DiscountSchema(allow_null=True)
    customer = serializers.CharField(allow_blank=True)
    buyer = BuyerSchema()
    shipping_address = serializers.DictField(child=serializers.CharField())
    fulfillment_option_id = serializers.CharField(allow_null=True)
    fulfillment_options = FulfillmentOptionSchema(many=True, help_text="While the session is open.")
    messages = MessageSchema(many=True, help_text="While the session is open.")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    order = SessionOrderSchema(allow_null=True)
    next_action = NextActionSchema(allow_null=True)
    cart_id = serializers.CharField(allow_null=True, help_text="The cart that it was made from.")


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
