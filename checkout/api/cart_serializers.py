"""What clients may send about carts: every field by name, and nothing else."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from checkout.api.serializers import GuestTermsSerializer, LineItemSerializer, TermsSerializer
from checkout.cart_use import MAX_LINES
from checkout.change_session import Change
from checkout.create_cart import NewCart
from checkout.models.cart import MAX_QUANTITY
from exactly_once.api.serializers import BoundedListField, CurrencyField, StrictIntegerField, StrictSerializer


@extend_schema_serializer(
    examples=[
        OpenApiExample("A guest's, empty", {"currency": "EUR"}, request_only=True),
        OpenApiExample(
            "A customer's",
            {"currency": "EUR", "customer": "user-42", "line_items": [{"sku": "TEA-100", "quantity": 1}]},
            request_only=True,
        ),
    ]
)
class CreateCartSerializer(TermsSerializer):
    """A new cart; without `customer` it is a guest's."""

    currency = CurrencyField()
    line_items = BoundedListField(child=LineItemSerializer(), max_length=MAX_LINES, required=False)

    def new(self) -> NewCart:
        """Return the validated body as the domain has it."""
        return NewCart(currency=self.validated_data["currency"], items=self.items() or (), **self.terms())


@extend_schema_serializer(
    examples=[OpenApiExample("Where it goes", {"shipping_address": {"country": "DE"}}, request_only=True)]
)
class ChangeCartSerializer(GuestTermsSerializer):
    """New values for an open cart; what is left out stays as it is. `line_items` are all lines from then on."""

    line_items = BoundedListField(child=LineItemSerializer(), max_length=MAX_LINES, required=False)

    def change(self) -> Change:
        """Return the validated body as the domain's change."""
        return Change(items=self.items(), **self.terms())


@extend_schema_serializer(
    examples=[OpenApiExample("Two more tins of tea", {"sku": "TEA-100", "quantity": 2}, request_only=True)]
)
class AddCartLineSerializer(LineItemSerializer):
    """Units to be added to those that are there."""


@extend_schema_serializer(examples=[OpenApiExample("Three in all", {"quantity": 3}, request_only=True)])
class SetCartLineSerializer(StrictSerializer):
    """How many units there are to be."""

    quantity = StrictIntegerField(min_value=1, max_value=MAX_QUANTITY)


@extend_schema_serializer(examples=[OpenApiExample("Signed in", {"customer": "user-42"}, request_only=True)])
class MergeCartSerializer(StrictSerializer):
    """Who has signed in."""

    customer = serializers.CharField(max_length=64, help_text="Your own name for the buyer, such as a user's id.")
