"""What clients may send to the payments API: every field by name, and nothing else."""

from django.conf import settings
from rest_framework import serializers

from exactly_once.api.serializers import CurrencyField, StrictIntegerField, StrictSerializer
from ledger.money import Money
from payments.create_intent import Method, Wish

MAX_AMOUNT_MINOR = 10**12


class AmountField(StrictIntegerField):
    """A sum in minor units of its currency, above zero."""

    def __init__(self, **options: object) -> None:
        super().__init__(min_value=1, max_value=MAX_AMOUNT_MINOR, **options)  # type: ignore[arg-type]  # as it takes them


class MethodSerializer(StrictSerializer):
    """A PSP's token for a card. Never a card number."""

    token = serializers.RegexField(
        r"^(?![0-9-]*$)[A-Za-z0-9_-]{1,255}$",
        error_messages={"invalid": "This is to be a token from the PSP, and never a card number."},
    )
    psp = serializers.ChoiceField(choices=sorted(settings.PSP_ACCOUNTS), required=False)


class CreateIntentSerializer(StrictSerializer):
    """A new payment intent."""

    amount_minor = AmountField()
    currency = CurrencyField()
    capture_method = serializers.ChoiceField(choices=["automatic", "manual"], required=False)
    reference = serializers.CharField(
        max_length=64, required=False, help_text="Your name for it: unique among your intents that are not canceled."
    )
    description = serializers.CharField(max_length=255, required=False)
    payment = MethodSerializer(required=False)

    def wish(self) -> Wish:
        """Return the validated body as the domain's wish."""
        told = self.validated_data
        return Wish(
            money=Money(told["amount_minor"], told["currency"]),
            captures_at_once=told.get("capture_method", "automatic") == "automatic",
            reference=told.get("reference", ""),
            description=told.get("description", ""),
            method=Method(**told["payment"]) if "payment" in told else None,
        )


class ConfirmIntentSerializer(StrictSerializer):
    """How the buyer pays; left out: as the intent says."""

    payment = MethodSerializer(required=False)

    def method(self) -> Method | None:
        """Return the validated body as the domain's method."""
        told = self.validated_data
        return Method(**told["payment"]) if "payment" in told else None


class CaptureSerializer(StrictSerializer):
    """How much to take."""

    amount_minor = AmountField(required=False, help_text="Left out: all that is left.")
    final = serializers.BooleanField(
        required=False, default=True, help_text="Whether the rest is let go of. Not every PSP takes a payment in parts."
    )


class RefundSerializer(StrictSerializer):
    """What to pay back."""

    payment_intent = serializers.SlugField(max_length=40)
    amount_minor = AmountField(required=False, help_text="Left out: all that is left.")
    reason = serializers.ChoiceField(
        choices=["requested_by_customer", "duplicate", "fraudulent"], default="requested_by_customer"
    )
