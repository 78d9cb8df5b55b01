"""How one person wants to resolve a break whose sum is for two."""

import uuid

from django.db import models
from django.db.models import Q

from payments.models.breaks import Break
from payments.models.rows import one_of
from payments.models.two_people import closed_by_another, closes_once
from payments.states import BreakResolution, DecisionState

_SAYS = (
    "public_id",
    "about_id",
    "resolution",
    "account",
    "other_id",
    "reason",
    "proposed_by",
    "proposed_at",
    "operation",
)
_R = BreakResolution
_BY_ITSELF = [str(resolution) for resolution in (_R.EXPLAINED, _R.WRITTEN_OFF, _R.REFUNDED)]
_CLOSED = ("closed_by", "closed_at")


class Resolution(models.Model):
    """Proposed by one person, and applied by another one."""

    public_id = models.CharField(max_length=40, unique=True)
    about = models.ForeignKey(Break, on_delete=models.PROTECT, related_name="resolutions")
    resolution = models.CharField(max_length=32)
    # The ledger account that a correction posts to.
    account = models.CharField(max_length=255, blank=True)
    # The break that this one makes up for, or the other way round.
    other = models.ForeignKey(Break, on_delete=models.PROTECT, null=True, blank=True, related_name="links")
    reason = models.CharField(max_length=500)
    # User names.
    proposed_by = models.CharField(max_length=150)
    proposed_at = models.DateTimeField()
    operation = models.UUIDField(unique=True, default=uuid.uuid4)
    state = models.CharField(max_length=32, default=DecisionState.PROPOSED)
    closed_by = models.CharField(max_length=150, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [("approve_resolution", "approve and reject how others want to resolve breaks")]
        constraints = [
            models.CheckConstraint(name="payment_resolution_state_known", condition=one_of(DecisionState)),
            models.CheckConstraint(
                name="payment_resolution_of_what",
                condition=Q(
                    resolution__in=_BY_ITSELF,
                    account="",
                    other=None,
                )
                | (Q(resolution=BreakResolution.CORRECTED, other=None) & ~Q(account=""))
                | Q(resolution=BreakResolution.LINKED, account="", other__isnull=False),
            ),
            models.CheckConstraint(name="payment_resolution_argued", condition=~Q(reason="") & ~Q(proposed_by="")),
            models.CheckConstraint(name="payment_resolution_by_another", condition=closed_by_another()),
            models.UniqueConstraint(
                name="payment_resolution_one_open", fields=["about"], condition=Q(state=DecisionState.PROPOSED)
            ),
        ]
        triggers = closes_once(constraint="payment_resolution_follows_table", says=_SAYS, closing=_CLOSED)

    def __str__(self) -> str:
        return self.public_id
