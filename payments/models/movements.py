"""Money that is taken out of an authorisation, let go of, or paid back: each a row with a PSP key of its own."""

import uuid

from django.db import models
from django.db.models import Q

from exactly_once.by_day import by_day
from payments.count_triggers import capture_is_counted, refund_is_counted
from payments.models.intent import Attempt
from payments.models.rows import Movement, due_index, named_index, one_of
from payments.part_triggers import refund_has_its_shares
from payments.state_machines import CAPTURE, REFUND, VOID
from payments.states import UNPAID_REFUND_STATES, CaptureState, RefundState, VoidReason, VoidState


class Capture(Movement):
    """Money taken out of an authorisation, or with it; ``final`` lets go of the rest."""

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="captures")
    number = models.IntegerField()
    final = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="payment_capture_amount_positive", condition=Q(amount_minor__gt=0)),
            models.CheckConstraint(name="payment_capture_state_known", condition=one_of(CaptureState)),
            models.UniqueConstraint(name="payment_capture_number", fields=["attempt", "number"]),
            # While one is under way nobody knows what is left to take.
            models.UniqueConstraint(
                name="payment_capture_one_pending", fields=["attempt"], condition=Q(state=CaptureState.PENDING)
            ),
        ]
        indexes = [
            due_index(name="payment_capture_due"),
            named_index(name="payment_capture_named"),
            by_day(name="payment_capture_by_day", field="created_at"),
        ]
        triggers = [capture_is_counted(), CAPTURE.trigger(constraint="payment_capture_follows_table")]


class Void(models.Model):
    """A payment that is to be let go of. The PSP is asked by the sweeper's check of the attempt."""

    public_id = models.CharField(max_length=40, unique=True)
    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="voids")
    state = models.CharField(max_length=32, default=VoidState.PENDING)
    reason = models.CharField(max_length=16, default=VoidReason.REQUESTED)
    # How the payment ended instead.
    failure_reason = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="payment_void_state_known", condition=one_of(VoidState)),
            models.CheckConstraint(name="payment_void_reason_known", condition=one_of(VoidReason, field="reason")),
            models.UniqueConstraint(
                name="payment_void_one_open", fields=["attempt"], condition=~Q(state=VoidState.FAILED)
            ),
        ]
        triggers = [VOID.trigger(constraint="payment_void_follows_table")]

    def __str__(self) -> str:
        return self.public_id


class Refund(Movement):
    """Money on its way back to the buyer."""

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="refunds")
    reason = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.CheckConstraint(name="payment_refund_amount_positive", condition=Q(amount_minor__gt=0)),
            models.CheckConstraint(name="payment_refund_state_known", condition=one_of(RefundState)),
            # A payment that came too late is paid back once, however many racers find it.
            models.UniqueConstraint(
                name="payment_refund_one_compensation",
                fields=["attempt"],
                condition=Q(reason="compensation") & ~Q(state__in=[str(state) for state in UNPAID_REFUND_STATES]),
            ),
        ]
        indexes = [due_index(name="payment_refund_due"), named_index(name="payment_refund_named")]
        triggers = [
            refund_is_counted(),
            refund_has_its_shares(),
            REFUND.trigger(constraint="payment_refund_follows_table"),
        ]
