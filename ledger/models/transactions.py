"""What was posted."""

from collections.abc import Sequence

from django.db import models
from django.db.models.functions import Now

from exactly_once.append_only import append_only
from ledger.models.accounts import Account, Book
from ledger.money import Money

# An entry's id is its transaction's id and, in the lowest bits, its place in the transaction: one index serves both.
ENTRIES_BITS = 10


class Transaction(models.Model):
    """Entries that belong together and sum to zero per currency. ``reference`` posts once, for ever.

    The columns come in the order that packs them best. A foreign key to the book would lock its row in every posting;
    the posting function reads the book anyway, and `verify` checks it.
    """

    id = models.BigAutoField(primary_key=True)
    effective_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    book = models.ForeignKey(
        Book, on_delete=models.DO_NOTHING, related_name="transactions", db_constraint=False, db_index=False
    )
    reference = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=16)
    kind = models.CharField(max_length=64)
    description = models.CharField(max_length=255, blank=True)
    metadata = models.JSONField(default=dict, blank=True)

    entries: "Sequence[Entry]"  # where queries.with_entries read them; no reverse relation, for it would read all

    class Meta:
        constraints = [models.UniqueConstraint(name="ledger_transaction_reference", fields=["book", "reference"])]
        triggers = [append_only()]

    def __str__(self) -> str:
        return self.reference

    @property
    def public_id(self) -> str:
        """Return the id that leaves the house."""
        return f"txn_{self.pk}"


class Entry(models.Model):
    """One line of a transaction. ``balance_after_minor`` is what its stripe had posted then, by the normal side.

    The transaction is part of the id. The posting function proves that transaction and account exist; foreign keys
    would prove it again for every row (86 us a transaction, measured), so `verify` checks them instead. Amount,
    direction and status are checked by the statement's trigger, in the same look as their sum.
    """

    class Direction(models.TextChoices):
        """The side of the account."""

        DEBIT = "D", "debit"
        CREDIT = "C", "credit"

    class Status(models.TextChoices):
        """Posted counts; held is promised (pending); released takes a hold's promise back."""

        POSTED = "P", "posted"
        PENDING = "H", "pending"
        RELEASED = "R", "released"

    id = models.BigIntegerField(primary_key=True)
    amount_minor = models.BigIntegerField()
    balance_after_minor = models.BigIntegerField()
    account_version = models.BigIntegerField()
    account = models.ForeignKey(
        Account, on_delete=models.DO_NOTHING, related_name="entries", db_constraint=False, db_index=False
    )
    stripe = models.SmallIntegerField()
    currency = models.CharField(max_length=3)
    direction = models.CharField(max_length=1, choices=Direction)
    status = models.CharField(max_length=1, choices=Status)

    class Meta:
        constraints = [
            # No gap and no fork in the history of a stripe; also the index that statements read by.
            models.UniqueConstraint(
                name="ledger_entry_account_version", fields=["account", "stripe", "account_version"]
            ),
        ]
        triggers = [append_only()]
        verbose_name_plural = "entries"

    def __str__(self) -> str:
        return f"{self.get_direction_display()} {self.currency} {self.amount_minor}"

    @property
    def transaction_id(self) -> int:
        """Return the id of the transaction that it belongs to."""
        return self.pk >> ENTRIES_BITS

    @property
    def transaction_public_id(self) -> str:
        """Return the id of its transaction that leaves the house."""
        return f"txn_{self.transaction_id}"

    @property
    def amount(self) -> Money:
        """Return the amount with its currency."""
        return Money(self.amount_minor, self.currency)

    @property
    def balance_after(self) -> Money:
        """Return what its stripe had posted after it."""
        return Money(self.balance_after_minor, self.currency)


class LateTransaction(models.Model):
    """A transaction that was dated in a closed period: it counts from the open one on, and cites its own date."""

    transaction = models.OneToOneField(
        Transaction, on_delete=models.DO_NOTHING, primary_key=True, related_name="late", db_constraint=False
    )
    dated_at = models.DateTimeField()

    class Meta:
        triggers = [append_only()]

    def __str__(self) -> str:
        return f"{self.transaction_id} of {self.dated_at}"
