"""What we want to collect, and each try to."""

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q

from exactly_once.by_day import by_day
from payments.models.rows import one_of
from payments.part_triggers import attempt_is_made_of_parts
from payments.state_machines import ATTEMPT, INTENT
from payments.states import LIVE_ATTEMPT_STATES, AttemptState, IntentState

A = AttemptState

# How long card networks have banks hold money for a purchase that the buyer made, where the PSP does not say (Stripe's
# docs, "Place a hold on a payment method": Visa, Mastercard, American Express and Discover).
AUTHORIZATION_LIFETIME = timedelta(days=7)


class PaymentIntent(models.Model):
    """What we want to collect for one order reference."""

    public_id = models.CharField(max_length=40, unique=True)
    book = models.CharField(max_length=64)
    client = models.CharField(max_length=64)
    order_reference = models.CharField(max_length=64)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=32, default=IntentState.REQUIRES_PAYMENT_METHOD)
    description = models.CharField(max_length=255, blank=True)
    # The client's own name for it: a retry under another key cannot open a second one.
    reference = models.CharField(max_length=64, blank=True)
    captures_at_once = models.BooleanField(default=True)
    # Where its buyer is sent on to after the bank's question.
    return_url = models.URLField(max_length=2048, blank=True)
    # How it is to be paid, where that is known before it is confirmed.
    # [psp, token] each, all of one card, the client's first choice first; then what routing rules may ask about.
    tokens = models.JSONField(default=list, blank=True)
    country = models.CharField(max_length=2, blank=True)
    card_brand = models.CharField(max_length=16, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="payment_intent_amount_positive", condition=Q(amount_minor__gt=0)),
            models.CheckConstraint(name="payment_intent_state_known", condition=one_of(IntentState)),
            # One open (or successful) intent per order: a retry under another key cannot open a second one.
            models.UniqueConstraint(
                name="payment_intent_one_per_order",
                fields=["order_reference"],
                condition=~Q(state=IntentState.CANCELED),
            ),
            models.UniqueConstraint(
                name="payment_intent_reference",
                fields=["client", "reference"],
                condition=~Q(state=IntentState.CANCELED) & ~Q(reference=""),
            ),
        ]
        indexes = [
            # The others are found by the constraint above.
            models.Index(
                name="payment_intent_canceled", fields=["order_reference"], condition=Q(state=IntentState.CANCELED)
            ),
            by_day(name="payment_intent_by_day", field="created_at"),
        ]
        triggers = [INTENT.trigger(constraint="payment_intent_follows_table")]

    def __str__(self) -> str:
        return self.public_id

    @property
    def is_own_order(self) -> bool:
        """Whether nobody above sells by it: a client made it."""
        return self.order_reference == self.public_id


class Attempt(models.Model):
    """One try at one PSP. Its uuid is what PSP keys and PSP metadata carry."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    intent = models.ForeignKey(PaymentIntent, on_delete=models.PROTECT, related_name="attempts")
    psp = models.CharField("PSP", max_length=32)
    psp_account = models.CharField("PSP account", max_length=64)
    token = models.CharField(max_length=255)
    state = models.CharField(max_length=32, default=AttemptState.SUBMITTED)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    captured_minor = models.BigIntegerField(default=0)
    # Asked for or paid back; what failed comes off again. The CHECK below is the rule against over-refunding.
    refunded_minor = models.BigIntegerField(default=0)
    # What buyers' banks have taken back, or are deciding about.
    disputed_minor = models.BigIntegerField(default=0)
    psp_reference = models.CharField("PSP reference", max_length=255, null=True, blank=True)  # noqa: DJ001 - unique where known
    decline_reason = models.CharField(max_length=64, blank=True)
    next_action_url = models.URLField(max_length=2048, blank=True)
    # What the buyer's browser brought back from the bank, where the PSP is to be handed that.
    returned = models.JSONField(default=dict, blank=True)
    # When the buyer has had long enough for that, and the payment is let go of (payments/abandon.py); none: who sells
    # by the intent says when.
    action_expires_at = models.DateTimeField(null=True, blank=True)
    unknown_reason = models.CharField(max_length=255, blank=True)
    # Whether the PSP is to take the money at once, or hold it until it is captured.
    captures_at_once = models.BooleanField(default=True)
    submitted_at = models.DateTimeField()
    # The routing rule that sent it here; none: the client's own choice.
    rule = models.CharField(max_length=64, blank=True)
    # Where it may go next, should this PSP not be reached or decline softly: [psp, account, token, rule] each.
    next_routes = models.JSONField(default=list, blank=True)
    failed_over_from = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="failed_over_to"
    )
    # Whether the PSP was not reached, or did not answer, when it was asked for the money: the circuit counts these.
    ask_failed = models.BooleanField(default=False)
    # For how long the PSP let us wait, and which card it says that it was: never more of its number.
    answered_in_ms = models.IntegerField(null=True, blank=True)
    card_brand = models.CharField(max_length=16, blank=True)
    card_last4 = models.CharField("card's last four", max_length=4, blank=True)
    # Whether it is the one that shows whether an open circuit may close.
    is_probe = models.BooleanField(default=False)
    # When the PSP was known to hold the money: from then on the ledger holds it, too.
    authorized_at = models.DateTimeField(null=True, blank=True)
    # Until when that can be captured, as the PSP has said, and when we have warned of it.
    authorization_expires_at = models.DateTimeField(null=True, blank=True)
    expiry_told_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    # When the sweeper asks the PSP; null once nothing is open.
    next_check_at = models.DateTimeField(null=True, blank=True)
    checks = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(name="payment_attempt_amount_positive", condition=Q(amount_minor__gt=0)),
            models.CheckConstraint(name="payment_attempt_state_known", condition=one_of(AttemptState)),
            models.CheckConstraint(
                name="payment_attempt_refunds_within_capture",
                condition=Q(refunded_minor__gte=0)
                & Q(refunded_minor__lte=F("captured_minor"))
                & Q(captured_minor__lte=F("amount_minor")),
            ),
            models.CheckConstraint(
                name="payment_attempt_disputes_within_capture",
                condition=Q(disputed_minor__gte=0) & Q(disputed_minor__lte=F("captured_minor")),
            ),
            models.CheckConstraint(
                name="payment_attempt_captured_means_captured",
                # An authorisation may be taken in parts, and be in doubt after some of them.
                condition=Q(state=AttemptState.CAPTURED, captured_minor__gt=0)
                | Q(state__in=[str(state) for state in (A.AUTHORIZED, A.UNKNOWN, A.SURPLUS)])
                | (~Q(state=AttemptState.CAPTURED) & Q(captured_minor=0)),
            ),
            models.CheckConstraint(
                name="payment_attempt_no_more_of_the_card", condition=Q(card_last4="") | Q(card_last4__regex=r"^\d{4}$")
            ),
            # While an attempt is live, above all while it is unknown, no other may start: the database says so.
            models.UniqueConstraint(
                name="payment_attempt_one_live_per_intent",
                fields=["intent"],
                condition=Q(state__in=[str(state) for state in LIVE_ATTEMPT_STATES]),
            ),
            models.UniqueConstraint(
                name="payment_attempt_psp_reference", fields=["psp", "psp_account", "psp_reference"]
            ),
        ]
        indexes = [
            # Few, and asked for by people and machines all the time.
            models.Index(
                name="payment_attempt_unknown", fields=["submitted_at"], condition=Q(state=AttemptState.UNKNOWN)
            ),
            models.Index(name="payment_attempt_by_card", fields=["card_last4", "-id"], condition=~Q(card_last4="")),
            by_day(name="payment_attempt_by_day", field="submitted_at"),
            models.Index(name="payment_attempt_at_account", fields=["psp", "psp_account", "submitted_at"]),
            models.Index(
                name="payment_attempt_due", fields=["next_check_at"], condition=Q(next_check_at__isnull=False)
            ),
        ]
        triggers = [attempt_is_made_of_parts(), ATTEMPT.trigger(constraint="payment_attempt_follows_table")]

    def __str__(self) -> str:
        return f"{self.psp} {self.uuid}"

    @property
    def capture_before(self) -> datetime | None:
        """Until when what is held can be captured: as the PSP has said, or as is usual; None where nothing is held."""
        if self.state != AttemptState.AUTHORIZED or self.authorized_at is None:
            return None
        return self.authorization_expires_at or self.authorized_at + AUTHORIZATION_LIFETIME
