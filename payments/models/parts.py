"""What a payment is for, part by part, and which of it a refund pays back. Amounts are in the intent's currency."""

from django.db import models
from django.db.models import F, Q

from exactly_once.append_only import append_only
from payments.models.intent import PaymentIntent
from payments.models.movements import Refund
from payments.models.rows import one_of
from payments.part_triggers import part_is_frozen, share_is_within_part, share_makes_up_refund
from payments.parts import PartKind
from payments.states import UNPAID_REFUND_STATES


class IntentPart(models.Model):
    """A line, a shipping or a tax that an intent collects for. See :class:`payments.parts.Part` for the names."""

    intent = models.ForeignKey(PaymentIntent, on_delete=models.PROTECT, related_name="parts")
    kind = models.CharField(max_length=16)
    reference = models.CharField(max_length=64, blank=True)
    jurisdiction = models.CharField(max_length=32, blank=True)
    quantity = models.IntegerField(null=True, blank=True)
    amount_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="payment_part_kind_known", condition=one_of(PartKind, field="kind")),
            models.CheckConstraint(name="payment_part_amount_not_negative", condition=Q(amount_minor__gte=0)),
            models.CheckConstraint(
                name="payment_part_quantity_positive", condition=Q(quantity__isnull=True) | Q(quantity__gt=0)
            ),
            models.CheckConstraint(
                name="payment_part_named",
                condition=(Q(kind=PartKind.TAX) & ~Q(jurisdiction=""))
                | (~Q(kind=PartKind.TAX) & ~Q(reference="") & Q(jurisdiction="")),
            ),
            models.UniqueConstraint(
                name="payment_part_item", fields=["intent", "reference"], condition=~Q(kind=PartKind.TAX)
            ),
            models.UniqueConstraint(
                name="payment_part_tax", fields=["intent", "reference", "jurisdiction"], condition=Q(kind=PartKind.TAX)
            ),
        ]
        triggers = [part_is_frozen()]

    def __str__(self) -> str:
        return f"{self.kind} {self.reference} {self.jurisdiction}".rstrip()

    @property
    def name(self) -> tuple[str, str, str]:
        """Return what tells it from the payment's other parts, as :attr:`payments.parts.Part.name`."""
        return "tax" if self.kind == PartKind.TAX else "item", self.reference, self.jurisdiction

    @property
    def refunded_minor(self) -> int:
        """Return how much was paid back of it, or promised."""
        return sum(share.amount_minor for share in self._live_shares())

    @property
    def unearned_refunded_minor(self) -> int:
        """Return how much of that came off what was still owed in goods."""
        return sum(share.amount_minor - share.earned_minor for share in self._live_shares())

    def _live_shares(self) -> list["RefundPart"]:
        return [share for share in self.shares.all() if share.refund.state not in UNPAID_REFUND_STATES]


class RefundPart(models.Model):
    """What a refund pays back of a part. ``earned_minor`` of it had been earned: it comes off revenue or a tax."""

    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="shares")
    part = models.ForeignKey(IntentPart, on_delete=models.PROTECT, related_name="shares")
    amount_minor = models.BigIntegerField()
    earned_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(name="payment_refund_part_amount_positive", condition=Q(amount_minor__gt=0)),
            models.CheckConstraint(
                name="payment_refund_part_earned_within",
                condition=Q(earned_minor__gte=0) & Q(earned_minor__lte=F("amount_minor")),
            ),
            models.UniqueConstraint(name="payment_refund_part_once", fields=["refund", "part"]),
        ]
        triggers = [share_is_within_part(), share_makes_up_refund(), append_only()]

    def __str__(self) -> str:
        return f"{self.refund} {self.part}"
