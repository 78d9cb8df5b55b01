"""The shapes that payments/representation.py writes, for OpenAPI. Tests hold the two together."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from payments.parts import PartKind
from payments.payout_proof import FEES, MOVEMENTS, PAID_OUT
from payments.states import (
    BreakKind,
    BreakState,
    CaptureState,
    DisputeState,
    IntentState,
    PayoutState,
    RefundState,
)

_LINE = {"kind": "line", "reference": "KETTLE", "jurisdiction": ""}
_TAX = {"kind": "tax", "reference": "KETTLE", "jurisdiction": "de"}
_SHIPPING = {"kind": "shipping", "reference": "parcel", "jurisdiction": ""}
_SHIPPING_TAX = {"kind": "tax", "reference": "parcel", "jurisdiction": "de"}
_INTENT = {
    "id": "pi_06h0kupcdppkhet26e0vcs6fe0",
    "object": "payment_intent",
    "state": "requires_capture",
    "amount_minor": 24900,
    "currency": "EUR",
    "captured_minor": 0,
    "refunded_minor": 0,
    "capture_method": "manual",
    "reference": "invoice-2026-0042",
    "description": "A kettle",
    "return_url": "https://shop.example/thanks",
    "parts": [
        {**_LINE, "quantity": 1, "amount_minor": 20034, "refunded_minor": 0},
        {**_TAX, "quantity": None, "amount_minor": 3806, "refunded_minor": 0},
        {**_SHIPPING, "quantity": None, "amount_minor": 890, "refunded_minor": 0},
        {**_SHIPPING_TAX, "quantity": None, "amount_minor": 170, "refunded_minor": 0},
    ],
    "psp": "stripe",
    "decline_reason": None,
    "next_action": None,
    "authorization_expires_at": "2026-11-30T12:00:00Z",
    "created_at": "2026-11-23T12:00:00Z",
}
_CAPTURE = {
    "id": "cap_06h0kupcdppkhet26e0vcs6fe0",
    "object": "capture",
    "state": "pending",
    "payment_intent": _INTENT["id"],
    "amount_minor": 10000,
    "currency": "EUR",
    "final": True,
    "failure_reason": None,
    "created_at": "2026-11-23T12:00:00Z",
}
_REFUND = {
    "id": "re_06h0kupcdppkhet26e0vcs6fe0",
    "object": "refund",
    "state": "pending",
    "payment_intent": _INTENT["id"],
    "amount_minor": 10000,
    "currency": "EUR",
    "parts": [{**_LINE, "amount_minor": 8403}, {**_TAX, "amount_minor": 1597}],
    "reason": "requested_by_customer",
    "failure_reason": None,
    "created_at": "2026-11-23T12:00:00Z",
}
_DISPUTE = {
    "id": "dp_06h0kupcdppkhet26e0vcs6fe0",
    "object": "dispute",
    "state": "needs_response",
    "payment_intent": _INTENT["id"],
    "amount_minor": 24900,
    "currency": "EUR",
    "fee_minor": 1500,
    "reason": "product_not_received",
    "evidence_due_at": "2026-12-01T12:00:00Z",
    "refunded_minor": 0,
    "created_at": "2026-11-23T12:00:00Z",
}
_PAYOUT = {
    "id": "po_06h0kupcdppkhet26e0vcs6fe0",
    "object": "payout",
    "state": "in_transit",
    "psp": "stripe",
    "psp_reference": "po_1Q2w3E4r5T6y",
    "amount_minor": 2490000,
    "currency": "EUR",
    "arrives_on": "2026-11-25",
    "created_at": "2026-11-23T12:00:00Z",
}
_PAYOUT_WITH_LINES = {
    **_PAYOUT,
    "state": "paid",
    "settlement": {
        "lines": 118,
        "gross_minor": 2532650,
        "fees_minor": 42650,
        "net_minor": 2490000,
        "unexplained_minor": 0,
    },
    "proof": {
        "since": "2026-11-22T12:00:00Z",
        "until": "2026-11-23T12:00:00Z",
        "opening_minor": 0,
        "movements": [
            {"what": "captures", "psp_minor": 2532650, "books_minor": 2532650},
            {"what": "fees", "psp_minor": -42650, "books_minor": -42650},
            {"what": "payout", "psp_minor": -2490000, "books_minor": -2490000},
        ],
        "closing_minor": 0,
        "breaks": [],
        "new_lines": 0,
        "unexplained_minor": 0,
        "proved": True,
    },
}


class NextActionSchema(serializers.Serializer[object]):
    """Where to send the buyer."""

    type = serializers.ChoiceField(choices=["redirect_to_url"])
    url = serializers.URLField()


class IntentNextActionSchema(NextActionSchema):
    """Where to send the buyer, and until when they may confirm."""

    expires_at = serializers.DateTimeField(
        allow_null=True, help_text="When the payment is let go of, unless the buyer has confirmed it by then."
    )


class RefundedPartSchema(serializers.Serializer[object]):
    """A part of a payment, and how much of it a refund pays back."""

    kind = serializers.ChoiceField(choices=[str(kind) for kind in PartKind])
    reference = serializers.CharField(allow_blank=True)
    jurisdiction = serializers.CharField(allow_blank=True)
    amount_minor = serializers.IntegerField()


class PartSchema(RefundedPartSchema):
    """A part of a payment: a line, a shipping, or a tax on one of them or, without a reference, on the whole."""

    quantity = serializers.IntegerField(allow_null=True)
    refunded_minor = serializers.IntegerField(help_text="Paid back, or promised.")


@extend_schema_serializer(examples=[OpenApiExample("Authorised", value=_INTENT, response_only=True)])
class IntentSchema(serializers.Serializer[object]):
    """A payment intent. `captured_minor` and `refunded_minor` are sums, never states."""

    id = serializers.CharField()
    object = serializers.ChoiceField(choices=["payment_intent"])
    state = serializers.ChoiceField(choices=[str(state) for state in IntentState])
    amount_minor = serializers.IntegerField(help_text="Minor units of the currency.")
    currency = serializers.CharField()
    captured_minor = serializers.IntegerField()
    refunded_minor = serializers.IntegerField(help_text="Paid back, or promised.")
    capture_method = serializers.ChoiceField(choices=["automatic", "manual"])
    reference = serializers.CharField(allow_blank=True)
    description = serializers.CharField(allow_blank=True)
    return_url = serializers.URLField(allow_null=True)
    parts = PartSchema(many=True)
    psp = serializers.CharField(allow_null=True)
    decline_reason = serializers.CharField(allow_null=True, help_text="Why the last attempt came to nothing.")
    next_action = IntentNextActionSchema(allow_null=True)
    authorization_expires_at = serializers.DateTimeField(
        allow_null=True, help_text="Until when what is held can be captured: as the PSP says, or as is usual."
    )
    created_at = serializers.DateTimeField()


@extend_schema_serializer(examples=[OpenApiExample("Just asked for", value=_CAPTURE, response_only=True)])
class CaptureSchema(serializers.Serializer[object]):
    """Money that is taken out of an authorisation."""

    id = serializers.CharField()
    object = serializers.ChoiceField(choices=["capture"])
    state = serializers.ChoiceField(choices=[str(state) for state in CaptureState])
    payment_intent = serializers.CharField()
    amount_minor = serializers.IntegerField()
    currency = serializers.CharField()
    final = serializers.BooleanField()
    failure_reason = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()


@extend_schema_serializer(examples=[OpenApiExample("Just asked for", value=_REFUND, response_only=True)])
class RefundSchema(serializers.Serializer[object]):
    """Money that is paid back. A refund that succeeded may still fail, or be called back: banks return them."""

    id = serializers.CharField()
    object = serializers.ChoiceField(choices=["refund"])
    state = serializers.ChoiceField(choices=[str(state) for state in RefundState])
    payment_intent = serializers.CharField()
    amount_minor = serializers.IntegerField()
    currency = serializers.CharField()
    parts = RefundedPartSchema(many=True)
    reason = serializers.CharField()
    failure_reason = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()


@extend_schema_serializer(examples=[OpenApiExample("To be answered", value=_DISPUTE, response_only=True)])
class DisputeSchema(serializers.Serializer[object]):
    """A buyer's bank wants money back. `refunded_minor` had gone back to the buyer before: show it to the bank."""

    id = serializers.CharField()
    object = serializers.ChoiceField(choices=["dispute"])
    state = serializers.ChoiceField(choices=[str(state) for state in DisputeState])
    payment_intent = serializers.CharField()
    amount_minor = serializers.IntegerField()
    currency = serializers.CharField()
    fee_minor = serializers.IntegerField()
    reason = serializers.CharField(allow_blank=True)
    evidence_due_at = serializers.DateTimeField(allow_null=True)
    refunded_minor = serializers.IntegerField()
    created_at = serializers.DateTimeField()


@extend_schema_serializer(examples=[OpenApiExample("On its way", value=_PAYOUT, response_only=True)])
class PayoutSchema(serializers.Serializer[object]):
    """Money on its way from a PSP to our bank account."""

    id = serializers.CharField()
    object = serializers.ChoiceField(choices=["payout"])
    state = serializers.ChoiceField(choices=[str(state) for state in PayoutState])
    psp = serializers.CharField()
    psp_reference = serializers.CharField()
    amount_minor = serializers.IntegerField()
    currency = serializers.CharField()
    arrives_on = serializers.DateField(allow_null=True)
    created_at = serializers.DateTimeField()


class PayoutLinesSchema(serializers.Serializer[object]):
    """What a payout's settlement lines come to: gross less fees is net, and the payout's amount once all are read."""

    lines = serializers.IntegerField()
    gross_minor = serializers.IntegerField()
    fees_minor = serializers.IntegerField()
    net_minor = serializers.IntegerField()
    unexplained_minor = serializers.IntegerField(help_text="The payout's amount less net.")


class MovementSchema(serializers.Serializer[object]):
    """What moved what the PSP owes us: as its lines say, and as the books have it. Below zero: it took away."""

    what = serializers.ChoiceField(choices=[name.lower().replace(" ", "_") for name in (*MOVEMENTS, FEES, PAID_OUT)])
    psp_minor = serializers.IntegerField()
    books_minor = serializers.IntegerField()


class NamedBreakSchema(serializers.Serializer[object]):
    """A break that has to do with the payout; below zero: the PSP says less than the books."""

    id = serializers.CharField()
    kind = serializers.ChoiceField(choices=[str(kind) for kind in BreakKind])
    state = serializers.ChoiceField(choices=[str(state) for state in BreakState])
    amount_minor = serializers.IntegerField()
    currency = serializers.CharField()
    counts = serializers.BooleanField(
        help_text="Whether it names a part of the difference. One about the payout's own sum, or of another currency,"
        " does not."
    )


class PayoutProofSchema(serializers.Serializer[object]):
    """What the PSP owed when the payout before this one had left, what came to it, and what is left; and the books."""

    since = serializers.DateTimeField(allow_null=True)
    until = serializers.DateTimeField()
    opening_minor = serializers.IntegerField()
    movements = MovementSchema(many=True)
    closing_minor = serializers.IntegerField()
    breaks = NamedBreakSchema(many=True)
    new_lines = serializers.IntegerField(help_text="Lines that are not compared with what we know yet.")
    unexplained_minor = serializers.IntegerField(help_text="What differs and no break names.")
    proved = serializers.BooleanField(help_text="Whether every minor unit is explained.")


@extend_schema_serializer(examples=[OpenApiExample("Arrived", value=_PAYOUT_WITH_LINES, response_only=True)])
class PayoutWithLinesSchema(PayoutSchema):
    """A payout with what it consists of."""

    settlement = PayoutLinesSchema(allow_null=True, help_text="Null while no line of it is known.")
    proof = PayoutProofSchema(allow_null=True, help_text="Null while its own settlement line is not read.")
