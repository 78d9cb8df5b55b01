"""What the bank books on our accounts, line by line."""

from django.db import models
from django.db.models import Q

from exactly_once.fixed import fixed
from payments.bank_states import BANK_LINE
from payments.line_triggers import kept
from payments.models.breaks import Break
from payments.models.files import FileImport
from payments.models.rows import one_of
from payments.models.settled import Payout
from payments.states import LineState

_SAYS = (
    "bank",
    "line_id",
    "booked_on",
    "value_on",
    "amount_minor",
    "currency",
    "end_to_end_id",
    "reference",
    "counterparty",
    "raw",
    "file_id",
    "imported_at",
)
_UNEXPLAINED = [
    str(state)
    for state in (
        LineState.AMOUNT_MISMATCH,
        LineState.CURRENCY_MISMATCH,
        LineState.MISSING_INTERNAL,
        LineState.DUPLICATE,
    )
]


class BankLine(models.Model):
    """One line of a bank statement. Its amount says what it adds to the account."""

    bank = models.CharField(max_length=64)
    line_id = models.CharField(max_length=64)
    booked_on = models.DateField()
    value_on = models.DateField(null=True, blank=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    end_to_end_id = models.CharField("end-to-end id", max_length=255, blank=True)
    reference = models.CharField(max_length=500, blank=True)
    counterparty = models.CharField(max_length=255, blank=True)
    raw = models.JSONField(default=dict)
    file = models.ForeignKey(FileImport, on_delete=models.PROTECT, related_name="bank_lines")
    imported_at = models.DateTimeField()

    state = models.CharField(max_length=32, default=LineState.NEW)
    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, null=True, blank=True, related_name="bank_lines")
    finding = models.ForeignKey(Break, on_delete=models.PROTECT, null=True, blank=True, related_name="bank_lines")
    # Why it is as it is, and who said so: a user name, or what of ours did it.
    detail = models.CharField(max_length=500, blank=True)
    settled_by = models.CharField(max_length=150, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [("match_bankline", "match bank lines to payouts, and set them aside")]
        constraints = [
            models.UniqueConstraint(name="payment_bank_line_once", fields=["bank", "line_id"]),
            models.CheckConstraint(name="payment_bank_line_state_known", condition=one_of(LineState)),
            models.CheckConstraint(
                name="payment_bank_line_ended",
                condition=Q(state=LineState.NEW, settled_at=None, settled_by="")
                | (~Q(state=LineState.NEW) & Q(settled_at__isnull=False) & ~Q(settled_by="")),
            ),
            models.CheckConstraint(
                name="payment_bank_line_matched", condition=~Q(state=LineState.MATCHED) | Q(payout__isnull=False)
            ),
            models.CheckConstraint(
                name="payment_bank_line_finding", condition=~Q(state__in=_UNEXPLAINED) | Q(finding__isnull=False)
            ),
            models.CheckConstraint(
                name="payment_bank_line_set_aside_for_a_reason",
                condition=~Q(state=LineState.VOID) | Q(amount_minor=0) | ~Q(detail=""),
            ),
            # A payout arrives once, and goes back once.
            models.UniqueConstraint(
                name="payment_bank_line_one_arrival",
                fields=["payout"],
                condition=Q(state=LineState.MATCHED, amount_minor__gt=0),
            ),
            models.UniqueConstraint(
                name="payment_bank_line_one_return",
                fields=["payout"],
                condition=Q(state=LineState.MATCHED, amount_minor__lt=0),
            ),
        ]
        indexes = [
            models.Index(name="payment_bank_line_new", fields=["booked_on"], condition=Q(state=LineState.NEW)),
            models.Index(name="payment_bank_line_latest", fields=["bank", "booked_on"]),
        ]
        triggers = [BANK_LINE.trigger(constraint="payment_bank_line_follows_table"), fixed(columns=_SAYS), kept()]

    def __str__(self) -> str:
        return f"{self.bank} {self.booked_on} {self.line_id[:24]}"
