"""What PSPs settle, line by line, and how far it is read."""

from django.db import models
from django.db.models import F, Q

from exactly_once.by_day import by_day
from exactly_once.fixed import fixed
from payments.line_triggers import kept, paid_out_once
from payments.models.break_refunds import BreakRefund
from payments.models.breaks import Break
from payments.models.movements import Capture, Refund
from payments.models.rows import one_of
from payments.models.settled import Dispute, Payout
from payments.settlement_states import SETTLEMENT_LINE
from payments.states import LineKind, LineState

_SAYS = (
    "psp",
    "psp_account",
    "line_id",
    "kind",
    "gross_minor",
    "fee_minor",
    "net_minor",
    "currency",
    "original_minor",
    "original_currency",
    "exchange_rate",
    "psp_reference",
    "payment_reference",
    "our_id",
    "payout_state",
    "arrives_on",
    "reason",
    "occurred_at",
    "raw",
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
_MATCHES = (
    Q(kind=LineKind.CHARGE, capture__isnull=False)
    | Q(kind__in=[str(LineKind.REFUND), str(LineKind.REFUND_FAILURE)], refund__isnull=False)
    | Q(kind__in=[str(LineKind.REFUND), str(LineKind.REFUND_FAILURE)], break_refund__isnull=False)
    | Q(kind__in=[str(LineKind.DISPUTE), str(LineKind.DISPUTE_REVERSAL)], dispute__isnull=False)
    | Q(kind__in=[str(LineKind.PAYOUT), str(LineKind.PAYOUT_RETURN)], payout__isnull=False)
    | Q(kind__in=[str(LineKind.FEE), str(LineKind.CONVERSION)])
    | Q(kind=LineKind.OTHER, gross_minor=0)
    | Q(finding__isnull=False)
)


class SettlementLine(models.Model):
    """One line of a PSP account's settlement. Amounts say what they add to what the PSP owes us."""

    psp = models.CharField(max_length=32)
    psp_account = models.CharField(max_length=64)
    line_id = models.CharField(max_length=128)
    kind = models.CharField(max_length=32)
    gross_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField()
    net_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    # In the buyer's currency, where the PSP converted it; of a conversion by itself, what it took for the gross.
    original_minor = models.BigIntegerField(null=True, blank=True)
    original_currency = models.CharField(max_length=3, blank=True)
    exchange_rate = models.DecimalField(max_digits=28, decimal_places=14, null=True, blank=True)
    psp_reference = models.CharField(max_length=255, blank=True)
    payment_reference = models.CharField(max_length=255, blank=True)
    our_id = models.UUIDField(null=True, blank=True)
    payout_state = models.CharField(max_length=32, blank=True)
    arrives_on = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=64, blank=True)
    occurred_at = models.DateTimeField()
    raw = models.JSONField(default=dict)
    imported_at = models.DateTimeField()
    # The payout that it goes out by; empty until that is known.
    payout_reference = models.CharField(max_length=255, blank=True)

    state = models.CharField(max_length=32, default=LineState.NEW)
    checks = models.IntegerField(default=0)
    # Why it is not settled yet, or not matched.
    detail = models.CharField(max_length=500, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    book = models.CharField(max_length=64)
    # What it is about. Where one line is all that there can be, its unique constraint finds it.
    capture = models.ForeignKey(
        Capture, on_delete=models.PROTECT, null=True, blank=True, related_name="lines", db_index=False
    )
    refund = models.ForeignKey(
        Refund, on_delete=models.PROTECT, null=True, blank=True, related_name="lines", db_index=False
    )
    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, null=True, blank=True, related_name="lines")
    payout = models.ForeignKey(
        Payout, on_delete=models.PROTECT, null=True, blank=True, related_name="lines", db_index=False
    )
    finding = models.ForeignKey(Break, on_delete=models.PROTECT, null=True, blank=True, related_name="lines")
    # Of money that nobody was owed and that went back: the refund that ended its break.
    break_refund = models.ForeignKey(
        BreakRefund, on_delete=models.PROTECT, null=True, blank=True, related_name="lines", db_index=False
    )
    # What of the fee was booked by this line; a dispute's may have been by its webhook.
    booked_fee_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="payment_settlement_line_once", fields=["psp", "psp_account", "line_id"]),
            models.CheckConstraint(
                name="payment_settlement_line_adds_up", condition=Q(net_minor=F("gross_minor") - F("fee_minor"))
            ),
            models.CheckConstraint(name="payment_settlement_line_kind_known", condition=one_of(LineKind, field="kind")),
            models.CheckConstraint(name="payment_settlement_line_state_known", condition=one_of(LineState)),
            models.CheckConstraint(
                name="payment_settlement_line_converted_whole",
                condition=Q(original_minor=None, original_currency="", exchange_rate=None)
                | (
                    Q(original_minor__isnull=False)
                    & ~Q(original_currency__in=["", F("currency")])
                    & (Q(exchange_rate=None) | Q(exchange_rate__gt=0))
                ),
            ),
            models.CheckConstraint(
                name="payment_settlement_line_ended",
                condition=Q(state=LineState.NEW, settled_at=None, booked_fee_minor=0)
                | (~Q(state=LineState.NEW) & Q(settled_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="payment_settlement_line_matched", condition=~Q(state=LineState.MATCHED) | _MATCHES
            ),
            models.CheckConstraint(
                name="payment_settlement_line_finding",
                condition=~Q(state__in=_UNEXPLAINED) | Q(finding__isnull=False),
            ),
            models.CheckConstraint(
                name="payment_settlement_line_void",
                condition=~Q(state=LineState.VOID) | Q(gross_minor=0, fee_minor=0),
            ),
            models.UniqueConstraint(name="payment_settlement_line_one_of_capture", fields=["capture", "kind"]),
            models.UniqueConstraint(name="payment_settlement_line_one_of_refund", fields=["refund", "kind"]),
            models.UniqueConstraint(
                name="payment_settlement_line_one_of_break_refund",
                fields=["break_refund", "kind"],
                condition=Q(break_refund__isnull=False),
            ),
            models.UniqueConstraint(name="payment_settlement_line_one_of_payout", fields=["payout", "kind"]),
        ]
        indexes = [
            by_day(name="payment_settlement_line_by_day", field="occurred_at"),
            models.Index(
                name="payment_settlement_line_new", fields=["checks", "occurred_at"], condition=Q(state=LineState.NEW)
            ),
            models.Index(
                name="payment_settlement_line_of", fields=["payment_reference"], condition=~Q(payment_reference="")
            ),
            # As they are searched in the admin.
            models.Index(
                name="payment_settlement_line_at_psp", fields=["psp_reference"], condition=~Q(psp_reference="")
            ),
            models.Index(name="payment_settlement_line_ours", fields=["our_id"], condition=Q(our_id__isnull=False)),
            models.Index(
                name="payment_settlement_line_payout",
                fields=["psp", "psp_account", "payout_reference"],
                condition=~Q(payout_reference=""),
            ),
        ]
        triggers = [
            SETTLEMENT_LINE.trigger(constraint="payment_settlement_line_follows_table"),
            fixed(columns=_SAYS),
            paid_out_once(),
            kept(),
        ]

    def __str__(self) -> str:
        return f"{self.psp} {self.line_id}"


class SettlementImport(models.Model):
    """How far the settlement of one PSP account is read."""

    psp = models.CharField(max_length=32)
    psp_account = models.CharField(max_length=64)
    # Nothing that happened before is read.
    since = models.DateTimeField()
    # The adapter's; empty until the first page is read.
    cursor = models.TextField(blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    # Why the last page could not be read, and since when none can; empty where all is well.
    failure = models.CharField(max_length=500, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="payment_settlement_import_one_per_account", fields=["psp", "psp_account"]),
            models.CheckConstraint(
                name="payment_settlement_import_failed_for_a_reason",
                condition=Q(failure="", failed_at=None) | (~Q(failure="") & Q(failed_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.psp} {self.psp_account}"
