"""Money that nobody is owed, on its way back: what a break holds in suspense."""

from django.db import models
from django.db.models import Q

from exactly_once.fixed import fixed
from payments.break_triggers import of_what_is_in_suspense
from payments.models.breaks import Break
from payments.models.rows import Movement, due_index, named_index, one_of
from payments.state_machines import REFUND
from payments.states import OPEN_REFUND_STATES, UNPAID_REFUND_STATES, RefundState

_SAYS = (
    "public_id",
    "uuid",
    "about_id",
    "psp",
    "psp_account",
    "payment_reference",
    "amount_minor",
    "currency",
    "reason",
    "asked_by",
    "created_at",
)


class BreakRefund(Movement):
    """All that a break has in suspense, asked of the PSP. The break stays open until the PSP has paid."""

    about = models.ForeignKey(Break, on_delete=models.PROTECT, related_name="refunds")
    psp = models.CharField(max_length=32)
    psp_account = models.CharField(max_length=64)
    # The payment at the PSP that the money came by.
    payment_reference = models.CharField(max_length=255)
    # What it was, in a sentence, and the names of who said so.
    reason = models.CharField(max_length=500)
    asked_by = models.CharField(max_length=150)

    class Meta:
        default_permissions = ()  # whoever sees a break sees it
        constraints = [
            models.CheckConstraint(name="payment_break_refund_state_known", condition=one_of(RefundState)),
            models.CheckConstraint(
                name="payment_break_refund_argued",
                condition=~Q(payment_reference="") & ~Q(reason="") & ~Q(asked_by=""),
            ),
            models.UniqueConstraint(
                name="payment_break_refund_once",
                fields=["about"],
                condition=~Q(state__in=[str(state) for state in UNPAID_REFUND_STATES]),
            ),
            # What a second break has of a payment may be what the PSP is just paying back.
            models.UniqueConstraint(
                name="payment_break_refund_one_of_payment",
                fields=["psp", "psp_account", "payment_reference"],
                condition=Q(state__in=[str(state) for state in OPEN_REFUND_STATES]),
            ),
        ]
        indexes = [due_index(name="payment_break_refund_due"), named_index(name="payment_break_refund_named")]
        triggers = [
            fixed(columns=_SAYS),
            of_what_is_in_suspense(),
            REFUND.trigger(constraint="payment_break_refund_follows_table"),
        ]
