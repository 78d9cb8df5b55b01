"""Holds, and what became of holds and of transactions that were reversed."""

from django.db import models
from django.db.models import F, Q

from exactly_once.append_only import append_only
from ledger.models.accounts import Account
from ledger.models.transactions import Entry, Transaction


class Hold(models.Model):
    """A transaction whose entries are pending. It ends once: ``ended_at`` is set where nothing is left of it."""

    transaction = models.OneToOneField(Transaction, on_delete=models.PROTECT, primary_key=True, related_name="hold")
    expires_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(name="ledger_hold_due", fields=["expires_at"], condition=Q(ended_at=None)),
        ]

    def __str__(self) -> str:
        return f"hold {self.transaction_id}"


class Resolution(models.Model):
    """A transaction that settles, voids, expires or reverses another, the target; ``final`` where nothing is left."""

    class Action(models.TextChoices):
        """What happens to the target."""

        SETTLE = "settle"
        VOID = "void"
        EXPIRE = "expire"
        REVERSE = "reverse"

    transaction = models.OneToOneField(
        Transaction, on_delete=models.PROTECT, primary_key=True, related_name="resolution"
    )
    target = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="resolutions")
    action = models.CharField(max_length=8, choices=Action)
    final = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="ledger_resolution_final", fields=["target"], condition=Q(final=True)),
            models.CheckConstraint(
                name="ledger_resolution_action_known",
                condition=Q(action__in=["settle", "void", "expire", "reverse"]),
            ),
            models.CheckConstraint(name="ledger_resolution_not_itself", condition=~Q(transaction=F("target"))),
        ]
        triggers = [append_only()]

    def __str__(self) -> str:
        return f"{self.action} {self.target_id}"


class Remainder(models.Model):
    """How much of a target's entries on one side of one account has been settled, released or reversed."""

    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="remainders")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    direction = models.CharField(max_length=1, choices=Entry.Direction)
    total_minor = models.BigIntegerField()
    used_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="ledger_remainder_line", fields=["transaction", "account", "direction"]),
            models.CheckConstraint(
                name="ledger_remainder_within_total",
                condition=Q(used_minor__gte=0) & Q(used_minor__lte=F("total_minor")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.used_minor} of {self.total_minor}"
