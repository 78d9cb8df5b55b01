"""What PSPs take back and what they pay out."""

from django.db import models
from django.db.models import F, Q

from payments.models.intent import Attempt
from payments.models.rows import one_of
from payments.state_machines import DISPUTE, PAYOUT
from payments.states import WITHDRAWN_DISPUTE_STATES, DisputeState, PayoutState

_WITHDRAWN = [str(state) for state in WITHDRAWN_DISPUTE_STATES]


class Dispute(models.Model):
    """A buyer's bank wants the money of a payment back."""

    public_id = models.CharField(max_length=40, unique=True)
    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="disputes")
    psp = models.CharField(max_length=32)
    psp_account = models.CharField(max_length=64)
    psp_reference = models.CharField(max_length=255)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=32)
    # What the PSP keeps back or has lost for us: nothing before it takes it, nor after it was won.
    withdrawn_minor = models.BigIntegerField(default=0)
    fee_minor = models.BigIntegerField(default=0)
    # How often it has turned: won after it was lost, or lost after it was won.
    turns = models.IntegerField(default=0)
    # What of a loss was for goods that are not sent any more: no loss, but what we would owe the buyer otherwise. And
    # how often that was posted: each time has a number.
    offset_minor = models.BigIntegerField(default=0)
    offsets = models.IntegerField(default=0)
    # What the buyer had been paid back, or promised, when the bank took the money: to be shown to the bank.
    refunded_minor = models.BigIntegerField(default=0)
    evidence_due_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="payment_dispute_amount_positive", condition=Q(amount_minor__gt=0)),
            models.CheckConstraint(name="payment_dispute_state_known", condition=one_of(DisputeState)),
            models.CheckConstraint(
                name="payment_dispute_withdrawn_as_it_stands",
                condition=Q(state__in=_WITHDRAWN, withdrawn_minor=F("amount_minor"))
                | (~Q(state__in=_WITHDRAWN) & Q(withdrawn_minor=0)),
            ),
            models.CheckConstraint(
                name="payment_dispute_offset_within_loss",
                condition=Q(offset_minor=0)
                | Q(state=DisputeState.LOST, offset_minor__gt=0, offset_minor__lte=F("amount_minor")),
            ),
            models.UniqueConstraint(
                name="payment_dispute_psp_reference", fields=["psp", "psp_account", "psp_reference"]
            ),
        ]
        triggers = [DISPUTE.trigger(constraint="payment_dispute_follows_table")]

    def __str__(self) -> str:
        return self.public_id


class Payout(models.Model):
    """Money on its way from a PSP to our bank account."""

    public_id = models.CharField(max_length=40, unique=True)
    book = models.CharField(max_length=64)
    psp = models.CharField(max_length=32)
    psp_account = models.CharField(max_length=64)
    psp_reference = models.CharField(max_length=255)
    bank = models.CharField(max_length=64)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=32)
    arrives_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="payment_payout_amount_positive", condition=Q(amount_minor__gt=0)),
            models.CheckConstraint(name="payment_payout_state_known", condition=one_of(PayoutState)),
            models.UniqueConstraint(
                name="payment_payout_psp_reference", fields=["psp", "psp_account", "psp_reference"]
            ),
        ]
        triggers = [PAYOUT.trigger(constraint="payment_payout_follows_table")]

    def __str__(self) -> str:
        return self.public_id
