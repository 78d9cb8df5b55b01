"""What clients may send to the checkout API: every field by name, and nothing else."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from checkout.cart_use import MAX_LINES
from checkout.change_session import Change
from checkout.complete_session import Payment
from checkout.create_session import NewSession
from checkout.models.cart import MAX_QUANTITY
from checkout.price_lines import LineItem
from exactly_once.api.serializers import (
    BoundedListField,
    CurrencyField,
    PatternField,
    StrictIntegerField,
    StrictSerializer,
)
from exactly_once.versions import Expected
from payments.api.serializers import MethodSerializer


class LineItemSerializer(StrictSerializer):
    """One line of the cart."""

    sku = serializers.CharField(max_length=64)
    quantity = StrictIntegerField(min_value=1, max_value=MAX_QUANTITY)


class BuyerSerializer(StrictSerializer):
    """Who buys. The e-mail address is needed before the session can be paid."""

    email = serializers.EmailField(required=False, allow_blank=True, max_length=254)
    name = serializers.CharField(required=False, allow_blank=True, max_length=200)


class AddressSerializer(StrictSerializer):
    """Where the goods go."""

    name = serializers.CharField(required=False, max_length=200)
    line1 = serializers.CharField(required=False, max_length=200)
    line2 = serializers.CharField(required=False, max_length=200, allow_blank=True)
    city = serializers.CharField(required=False, max_length=100)
    region = serializers.CharField(required=False, max_length=100, allow_blank=True)
    postal_code = serializers.CharField(required=False, max_length=20)
    country = PatternField(r"[A-Z]{2}", required=False, help_text="ISO 3166-1 alpha-2.")


class GuestTermsSerializer(StrictSerializer):
    """Who buys, where the goods go and how, and a discount's code."""

    buyer = BuyerSerializer(required=False)
    shipping_address = AddressSerializer(required=False, help_text="Empty: the goods are collected at the shop.")
    fulfillment_option_id = serializers.CharField(
        required=False, max_length=32, help_text="One of `fulfillment_options`; the first one, unless told."
    )
    discount_code = serializers.CharField(required=False, allow_blank=True, max_length=32)

    def terms(self) -> dict[str, Any]:
        """Return those that were sent, by the names of the domain."""
        data = self.validated_data
        sent = {name: data[name] for name in ("customer", "discount_code") if name in data}
        sent |= {f"buyer_{name}": value for name, value in data.get("buyer", {}).items()}
        if "shipping_address" in data:
            sent["shipping_address"] = dict(data["shipping_address"])
        if "fulfillment_option_id" in data:
            sent["fulfillment_option"] = data["fulfillment_option_id"]
        return sent

    def items(self) -> list[LineItem] | None:
        """Return the lines that were sent, if they were."""
        sent = self.validated_data.get("line_items")
        return None if sent is None else [LineItem(**item) for item in sent]


class TermsSerializer(GuestTermsSerializer):
    """The same, and your own name for who buys."""

    customer = serializers.CharField(
        required=False, allow_blank=True, max_length=64, help_text="Your own name for the buyer, such as a user's id."
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A tin of tea and two mugs",
            {
                "currency": "EUR",
                "line_items": [{"sku": "TEA-100", "quantity": 1}, {"sku": "MUG-WHT", "quantity": 2}],
                "buyer": {"email": "ada@example.com", "name": "Ada"},
            },
            request_only=True,
        )
    ]
)
class CreateSessionSerializer(TermsSerializer):
    """A new checkout session."""

    currency = CurrencyField()
    line_items = BoundedListField(child=LineItemSerializer(), allow_empty=False, max_length=MAX_LINES)

    def new(self) -> NewSession:
        """Return the validated body as the domain has it."""
        return NewSession(currency=self.validated_data["currency"], items=self.items() or (), **self.terms())


@extend_schema_serializer(
    examples=[
        OpenApiExample("What is in a cart", {"cart_id": "cart_0o1rlqf2p9kq0dbb5j7v3c8g1s"}, request_only=True),
    ]
)
class CreateSessionOfCartSerializer(TermsSerializer):
    """A new checkout session with the lines of a cart, on its terms but for those that are sent along."""

    cart_id = serializers.CharField(max_length=40)


@extend_schema_serializer(
    examples=[
        OpenApiExample("More tea", {"line_items": [{"sku": "TEA-100", "quantity": 3}]}, request_only=True),
    ]
)
class ChangeSessionSerializer(TermsSerializer):
    """New values for an open session; what is left out stays as it is."""

    line_items = BoundedListField(child=LineItemSerializer(), allow_empty=False, max_length=MAX_LINES, required=False)

    def change(self) -> Change:
        """Return the validated body as the domain's change."""
        return Change(items=self.items(), **self.terms())


@extend_schema_serializer(
    examples=[OpenApiExample("By card", {"payment": {"token": "pm_card_visa"}}, request_only=True)]
)
class CompleteSessionSerializer(StrictSerializer):
    """How the buyer pays."""

    payment = MethodSerializer(required=False, help_text="Not needed where the total is 0.")
    not_duplicate_of = serializers.CharField(
        max_length=40,
        required=False,
        help_text="After a 409 possible_duplicate: its earlier_session, to say that this is another purchase.",
    )

    def to_payment(self, expected: Expected) -> Payment:
        """Return the validated body as the domain's payment for this version of the session."""
        told = self.validated_data
        method = MethodSerializer().as_method(told["payment"]) if "payment" in told else None
        return Payment(method, not_duplicate_of=told.get("not_duplicate_of"), expected=expected)
