"""What does not fit between a PSP and us, and all that was done about it."""

from django.db import models
from django.db.models import Q

from exactly_once.append_only import append_only
from exactly_once.final import final
from exactly_once.fixed import fixed
from payments.break_triggers import refunded_once_paid
from payments.models.intent import Attempt
from payments.models.rows import one_of
from payments.state_machines import BREAK
from payments.states import SETTLED_APART, BreakKind, BreakResolution, BreakState

_SAYS = (
    "public_id",
    "book",
    "kind",
    "psp",
    "psp_account",
    "subject",
    "psp_reference",
    "attempt_id",
    "amount_minor",
    "currency",
    "received",
    "in_suspense",
    "detail",
    "opened_at",
)
_ENDED = ("resolution", "reason", "resolved_by", "resolved_at", "owner", "due_at")


_POSTED = [str(resolution) for resolution in SETTLED_APART]


class Break(models.Model):
    """A finding: what a PSP says about money, and that it is not what we know."""

    public_id = models.CharField(max_length=40, unique=True)
    book = models.CharField(max_length=64)
    kind = models.CharField(max_length=32)
    psp = models.CharField("PSP", max_length=32)
    psp_account = models.CharField("PSP account", max_length=64)
    # The permanent name of the finding, within the PSP account: made again, it opens no second break.
    subject = models.CharField(max_length=400)
    psp_reference = models.CharField("PSP reference", max_length=255, blank=True)
    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, null=True, blank=True, related_name="breaks")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    # Whether the PSP owes us more by it; otherwise less.
    received = models.BooleanField()
    # Whether the PSP is known to have moved the money: then it stands in suspense while the break is open.
    in_suspense = models.BooleanField()
    detail = models.CharField(max_length=500)
    state = models.CharField(max_length=32, default=BreakState.OPEN)
    # Who looks into it: a user name, empty until somebody does.
    owner = models.CharField(max_length=150, blank=True)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    resolution = models.CharField(max_length=32, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    resolved_by = models.CharField(max_length=150, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [("resolve_break", "resolve breaks, and say who looks into them")]
        constraints = [
            models.CheckConstraint(
                name="payment_break_amount", condition=Q(amount_minor__gt=0) | Q(amount_minor=0, in_suspense=False)
            ),
            models.CheckConstraint(name="payment_break_kind_known", condition=one_of(BreakKind, field="kind")),
            models.CheckConstraint(name="payment_break_state_known", condition=one_of(BreakState)),
            models.CheckConstraint(
                name="payment_break_resolved_for_a_reason",
                condition=Q(state=BreakState.OPEN, resolution="", reason="", resolved_by="", resolved_at=None)
                | (
                    Q(state=BreakState.RESOLVED, resolved_at__isnull=False)
                    & one_of(BreakResolution, field="resolution")
                    & ~Q(reason="")
                    & ~Q(resolved_by="")
                ),
            ),
            # What is posted elsewhere stood in suspense.
            models.CheckConstraint(
                name="payment_break_posted_from_suspense",
                condition=~Q(resolution__in=_POSTED) | Q(in_suspense=True),
            ),
            # A finding that another one has replaced may be made again: PSPs correct themselves, and back.
            models.UniqueConstraint(
                name="payment_break_once",
                fields=["psp", "psp_account", "subject"],
                condition=~Q(resolution=BreakResolution.SUPERSEDED),
            ),
        ]
        # Those that are open, the most urgent first; and then the others.
        indexes = [models.Index(name="payment_break_open", fields=["state", "due_at"])]
        triggers = [
            BREAK.trigger(constraint="payment_break_follows_table"),
            fixed(columns=_SAYS),
            # What may follow which state is the other trigger's business.
            refunded_once_paid(),
            final(state="resolved", columns=_ENDED, unless="NEW.state <> OLD.state"),
        ]

    def __str__(self) -> str:
        return self.public_id


class BreakEvent(models.Model):
    """One thing that was done about a break."""

    about = models.ForeignKey(Break, on_delete=models.PROTECT, related_name="history")
    what = models.CharField(max_length=32)
    # A user name, or what of ours did it.
    by = models.CharField(max_length=150)
    detail = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()
    # Minted when the form was drawn: a double click is done once.
    operation = models.UUIDField(unique=True, null=True, blank=True)

    class Meta:
        verbose_name_plural = "history"
        default_permissions = ()  # whoever sees a break sees it
        triggers = [append_only()]

    def __str__(self) -> str:
        return f"{self.what} by {self.by}"
