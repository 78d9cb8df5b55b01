"""What clients may send to the payments API: every field by name, and nothing else."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from exactly_once.api.serializers import (
    BoundedListField,
    CurrencyField,
    PatternField,
    StrictBooleanField,
    StrictIntegerField,
    StrictSerializer,
)
from ledger.money import Money
from payments.client_verbs import WantedMinor
from payments.create_intent import Method, Wish
from payments.parts import Part, PartKind, faults
from payments.routing import MOST_ROUTES, Token

# A page that a browser can be sent on to: nothing in it can be taken for another header or another host. The characters
# that RFC 3986 has in paths, queries and fragments; others are percent-encoded.
_OF_ADDRESS = r"([A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*"
WEB_ADDRESS = rf"https?://[A-Za-z0-9.-]{{1,253}}(:[0-9]{{1,5}})?([/?]{_OF_ADDRESS})?(#{_OF_ADDRESS})?"
MAX_AMOUNT_MINOR = 10**12
MAX_QUANTITY = 10**6
# A cart of a hundred lines with a tax on each, and shipping.
MOST_PARTS = 256
MOST_ALTERNATIVES = MOST_ROUTES - 1


class AmountField(StrictIntegerField):
    """A sum in minor units of its currency, above zero."""

    def __init__(self, **options: object) -> None:
        super().__init__(min_value=1, max_value=MAX_AMOUNT_MINOR, **options)  # type: ignore[arg-type]  # as it takes them


class TokenSerializer(StrictSerializer):
    """A PSP's token for a card. Never a card number."""

    token = PatternField(
        # Adyen's have a point: {shopperReference}.{storedPaymentMethodId}
        r"(?![0-9.-]*$)[A-Za-z0-9_.-]{1,255}",
        error_messages={"invalid": "This is to be a token from the PSP, and never a card number."},
    )
    psp = serializers.ChoiceField(
        choices=sorted(settings.PSP_ACCOUNTS), required=False, help_text="Who issued the token; left out: stripe."
    )

    def as_token(self, told: Mapping[str, str]) -> Token:
        """Return the validated object as the domain's token."""
        return Token(told.get("psp", "stripe"), told["token"])


class MethodSerializer(TokenSerializer):
    """How the buyer pays: a PSP's token for a card, and tokens of other PSPs for the same card, where there are any."""

    alternatives = BoundedListField(
        child=TokenSerializer(),
        required=False,
        max_length=MOST_ALTERNATIVES,
        help_text="Tokens of other PSPs for the same card. Where the first PSP cannot be reached, or declines for a"
        " reason that may be its own, the payment goes on to the next.",
    )
    country = PatternField(r"[A-Z]{2}", required=False, help_text="The buyer's, for routing: ISO 3166-1 alpha-2.")
    card_brand = PatternField(
        r"[a-z_]{1,16}", required=False, help_text="For routing: such as visa, mastercard or amex."
    )

    def validate(self, told: dict[str, Any]) -> dict[str, Any]:
        """Refuse two tokens of one PSP: which one counts would be anybody's guess."""
        psps = [token.psp for token in self.as_method(told).tokens]
        if len(set(psps)) < len(psps):
            raise serializers.ValidationError(
                {"alternatives": ErrorDetail("At most one token of each PSP.", code="one_token_per_psp")}
            )
        return told

    def as_method(self, told: Mapping[str, Any]) -> Method:
        """Return the validated object as the domain's method."""
        tokens = tuple(self.as_token(each) for each in (told, *told.get("alternatives", ())))
        return Method(tokens, country=told.get("country", ""), card_brand=told.get("card_brand", ""))


def method_of(told: Mapping[str, Any]) -> Method | None:
    """Return the ``payment`` of a validated body as the domain's method, where it has one."""
    return MethodSerializer().as_method(told["payment"]) if "payment" in told else None


class PartSerializer(StrictSerializer):
    """A part of what is paid for."""

    kind = serializers.ChoiceField(choices=[str(kind) for kind in PartKind])
    reference = serializers.CharField(
        max_length=64,
        required=False,
        help_text="Your name for a line or a shipping, once in a payment. Of a tax: what it is on; none: the whole.",
    )
    jurisdiction = PatternField(
        r"[a-z0-9][a-z0-9_-]{0,31}", required=False, help_text="Whom a tax is owed to: such as de or us-ny."
    )
    quantity = StrictIntegerField(min_value=1, max_value=MAX_QUANTITY, required=False)
    amount_minor = StrictIntegerField(
        min_value=0, max_value=MAX_AMOUNT_MINOR, help_text="Of all units together, without the taxes that are parts."
    )


def parts_of(told: Mapping[str, Any]) -> tuple[Part, ...]:
    """Return the ``parts`` of a validated body, in its currency, as the domain's."""
    return tuple(
        Part(
            PartKind(part["kind"]),
            part.get("reference", ""),
            Money(part["amount_minor"], told["currency"]),
            jurisdiction=part.get("jurisdiction", ""),
            quantity=part.get("quantity"),
        )
        for part in told.get("parts", ())
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "To be captured later",
            {
                "amount_minor": 24900,
                "currency": "EUR",
                "capture_method": "manual",
                "payment": {"token": "pm_card_visa"},
            },
            request_only=True,
        )
    ]
)
class CreateIntentSerializer(StrictSerializer):
    """A new payment intent."""

    amount_minor = AmountField()
    currency = CurrencyField()
    capture_method = serializers.ChoiceField(choices=["automatic", "manual"], required=False)
    reference = serializers.CharField(
        max_length=64, required=False, help_text="Your name for it: unique among your intents that are not canceled."
    )
    description = serializers.CharField(max_length=255, required=False)
    return_url = PatternField(
        WEB_ADDRESS,
        max_length=2048,
        required=False,
        help_text="Where the buyer's browser is sent on to after the bank's question (3-D Secure), with `reference`, "
        "the intent's id, added. However that ended: read the intent.",
    )
    parts = BoundedListField(
        child=PartSerializer(),
        required=False,
        max_length=MOST_PARTS,
        help_text="What it is for: they add up to `amount_minor`. Refunds can then say which of them they pay back.",
    )
    payment = MethodSerializer(required=False)

    def validate(self, told: dict[str, Any]) -> dict[str, Any]:
        """Refuse parts that do not make up the payment, each by its place."""
        money = Money(told["amount_minor"], told["currency"])
        found = list(faults(parts=parts_of(told), money=money))
        if each := {str(place): [ErrorDetail(why, code)] for place, code, why in found if place is not None}:
            raise serializers.ValidationError({"parts": each})
        if found:
            raise serializers.ValidationError({"parts": [ErrorDetail(why, code) for _, code, why in found]})
        return told

    def wish(self) -> Wish:
        """Return the validated body as the domain's wish."""
        told = self.validated_data
        return Wish(
            money=Money(told["amount_minor"], told["currency"]),
            captures_at_once=told.get("capture_method", "automatic") == "automatic",
            reference=told.get("reference", ""),
            description=told.get("description", ""),
            return_url=told.get("return_url", ""),
            method=method_of(told),
            parts=parts_of(told),
        )


class ConfirmIntentSerializer(StrictSerializer):
    """How the buyer pays; left out: as the intent says."""

    payment = MethodSerializer(required=False)

    def method(self) -> Method | None:
        """Return the validated body as the domain's method."""
        return method_of(self.validated_data)


@extend_schema_serializer(
    examples=[OpenApiExample("A part", {"amount_minor": 10000, "final": True}, request_only=True)]
)
class CaptureSerializer(StrictSerializer):
    """How much to take."""

    amount_minor = AmountField(required=False, help_text="Left out: all that is left.")
    final = StrictBooleanField(
        required=False, default=True, help_text="Whether the rest is let go of. Not every PSP takes a payment in parts."
    )


class RefundPartSerializer(StrictSerializer):
    """What of one line or shipping to pay back, with the taxes on it; or of a tax on the whole."""

    reference = serializers.CharField(max_length=64, required=False)
    jurisdiction = serializers.CharField(max_length=32, required=False, help_text="Only this tax.")
    amount_minor = AmountField(required=False, help_text="Taxes included. Left out: all that is left of it.")

    def validate(self, told: dict[str, Any]) -> dict[str, Any]:
        """Refuse what names nothing."""
        if "reference" not in told and "jurisdiction" not in told:
            raise serializers.ValidationError("Name a reference, a jurisdiction, or both.", code="not_named")
        return told


class RefundSerializer(StrictSerializer):
    """What to pay back."""

    payment_intent = serializers.SlugField(max_length=40)
    amount_minor = AmountField(required=False, help_text="Left out, and no parts: all that is left.")
    parts = BoundedListField(
        child=RefundPartSerializer(),
        required=False,
        min_length=1,
        max_length=MOST_PARTS,
        help_text="Which of the payment's parts to pay back, instead of a sum.",
    )
    reason = serializers.ChoiceField(
        choices=["requested_by_customer", "duplicate", "fraudulent"], default="requested_by_customer"
    )

    def validate(self, told: dict[str, Any]) -> dict[str, Any]:
        """Refuse a sum beside parts: which one counts would be anybody's guess."""
        if "amount_minor" in told and "parts" in told:
            raise serializers.ValidationError({"parts": "Either a sum or parts."}, code="not_both")
        return told

    def wanted(self) -> list[WantedMinor]:
        """Return the parts of the validated body as the domain's."""
        return [WantedMinor(**part) for part in self.validated_data.get("parts", ())]
