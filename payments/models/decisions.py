"""What people hold for true of an attempt that nobody knows the outcome of."""

import uuid

from django.db import models
from django.db.models import Q

from payments.models.intent import Attempt
from payments.models.rows import one_of
from payments.models.two_people import closed_by_another, closes_once
from payments.states import DecisionOutcome, DecisionState

_SAYS = (
    "public_id",
    "attempt_id",
    "outcome",
    "psp_reference",
    "amount_minor",
    "currency",
    "reason",
    "evidence",
    "proposed_by",
    "proposed_at",
    "operation",
)
_CLOSED = ("closed_by", "closed_at", "note")
_OF_MONEY = [str(outcome) for outcome in (DecisionOutcome.CAPTURED, DecisionOutcome.AUTHORIZED)]


class Decision(models.Model):
    """Proposed by one person on evidence that they name, and applied by another one."""

    public_id = models.CharField(max_length=40, unique=True)
    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="decisions")
    outcome = models.CharField(max_length=32)
    # Which payment at the PSP; empty where there was none.
    psp_reference = models.CharField("PSP reference", max_length=255, blank=True)
    amount_minor = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    reason = models.CharField(max_length=500)
    # What the PSP shows, and where: enough for the second person to look for themselves.
    evidence = models.TextField(max_length=4000)
    # User names.
    proposed_by = models.CharField(max_length=150)
    proposed_at = models.DateTimeField()
    # Minted when the form was drawn: sent twice, it proposes once.
    operation = models.UUIDField(unique=True, default=uuid.uuid4)
    state = models.CharField(max_length=32, default=DecisionState.PROPOSED)
    # Empty where evidence came first.
    closed_by = models.CharField(max_length=150, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        permissions = [
            ("propose_decision", "propose and withdraw decisions"),
            ("apply_decision", "apply and reject the decisions of others"),
        ]
        constraints = [
            models.CheckConstraint(name="payment_decision_state_known", condition=one_of(DecisionState)),
            models.CheckConstraint(
                name="payment_decision_of_what",
                condition=(
                    Q(outcome__in=_OF_MONEY, amount_minor__gt=0) & ~Q(currency="") & ~Q(psp_reference="")
                    | Q(outcome=DecisionOutcome.VOIDED, amount_minor=None, currency="") & ~Q(psp_reference="")
                    | Q(outcome=DecisionOutcome.DECLINED, amount_minor=None, currency="")
                ),
            ),
            models.CheckConstraint(
                name="payment_decision_argued", condition=~Q(reason="") & ~Q(evidence="") & ~Q(proposed_by="")
            ),
            models.CheckConstraint(name="payment_decision_by_another", condition=closed_by_another()),
            models.UniqueConstraint(
                name="payment_decision_one_open", fields=["attempt"], condition=Q(state=DecisionState.PROPOSED)
            ),
        ]
        triggers = closes_once(constraint="payment_decision_follows_table", says=_SAYS, closing=_CLOSED)

    def __str__(self) -> str:
        return self.public_id
