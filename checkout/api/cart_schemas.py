"""The shape of a cart that checkout/cart_price.py writes, for OpenAPI. Tests hold the two together."""

from rest_framework import serializers

from checkout.api import schemas
from checkout.states import CartState


class CartLineSchema(schemas.LineSchema):
    """A line of a cart, at the price of now; one that can no longer be sold has none, and a message says so."""

    unit_amount_minor = serializers.IntegerField(allow_null=True, help_text="Minor units of the currency.")
    subtotal_minor = serializers.IntegerField(allow_null=True, help_text="`quantity` times `unit_amount_minor`.")
    discount_minor = serializers.IntegerField(allow_null=True)
    total_minor = serializers.IntegerField(
        allow_null=True, help_text="`subtotal_minor - discount_minor`, and the taxes on top."
    )


class CartSchema(serializers.Serializer[object]):
    """A cart."""

    id = serializers.CharField()
    object = serializers.ChoiceField(choices=["cart"])
    state = serializers.ChoiceField(choices=[str(state) for state in CartState if state != CartState.DELETED])
    currency = serializers.CharField()
    line_items = CartLineSchema(many=True)
    totals = schemas.TotalSchema(many=True)
    taxes = schemas.TaxSchema(many=True)
    discount_code = serializers.CharField(allow_blank=True)
    discount = schemas.DiscountSchema(allow_null=True)
    customer = serializers.CharField(allow_blank=True, help_text="Empty: it is a guest's.")
    buyer = schemas.BuyerSchema()
    shipping_address = serializers.DictField(child=serializers.CharField())
    fulfillment_option_id = serializers.CharField(allow_null=True)
    fulfillment_options = schemas.FulfillmentOptionSchema(many=True)
    messages = schemas.MessageSchema(many=True, help_text="While the cart is open.")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(help_text="Unless it is changed before.")
    checkout_session = serializers.CharField(allow_null=True, help_text="The one that pays for it, or has.")
    merged_into = serializers.CharField(allow_null=True, help_text="The cart that has its lines now.")
