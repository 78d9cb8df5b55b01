"""Rows of the ledger. Written by the SQL functions in migrations/sql, never through the ORM; read from anywhere here.

Amounts are bigint minor units. Transactions and entries are append-only: by trigger for everybody, by grant for the
application's role.
"""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from exactly_once.append_only import append_only


class Book(models.Model):
    """One legal entity's set of books."""

    code = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.code


class Account(models.Model):
    """A place where money of one currency is, or a reason why it came or went. ``code`` is a path."""

    public_id = models.CharField(max_length=40, unique=True)
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="accounts")
    code = models.CharField(max_length=200)
    currency = models.CharField(max_length=3)
    type = models.CharField(max_length=16)
    normal_side = models.CharField(max_length=6)
    metadata = models.JSONField(default=dict, db_default={}, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(name="ledger_account_code", fields=["book", "code", "currency"]),
            models.CheckConstraint(
                name="ledger_account_type_known",
                condition=Q(type__in=["asset", "liability", "equity", "revenue", "expense"]),
            ),
            models.CheckConstraint(name="ledger_account_side_known", condition=Q(normal_side__in=["debit", "credit"])),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.currency}"


class Transaction(models.Model):
    """Entries that belong together and sum to zero per currency. ``reference`` posts once, for ever."""

    public_id = models.CharField(max_length=40, unique=True)
    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="transactions")
    reference = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=32)
    kind = models.CharField(max_length=64)
    effective_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    description = models.CharField(max_length=255, blank=True)
    metadata = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="ledger_transaction_reference", fields=["book", "reference"])]
        triggers = [append_only()]

    def __str__(self) -> str:
        return self.reference


class Entry(models.Model):
    """One line of a transaction. ``balance_after_minor`` is signed by the account's normal side.

    The posting function proves both references; foreign keys would prove them again for every row (86 us a
    transaction, measured), so `verify` checks them instead.
    """

    transaction = models.ForeignKey(
        Transaction, on_delete=models.DO_NOTHING, related_name="entries", db_constraint=False
    )
    account = models.ForeignKey(
        Account, on_delete=models.DO_NOTHING, related_name="entries", db_constraint=False, db_index=False
    )
    currency = models.CharField(max_length=3)
    direction = models.CharField(max_length=6)
    amount_minor = models.BigIntegerField()
    balance_after_minor = models.BigIntegerField()
    account_version = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="ledger_entry_amount_positive", condition=Q(amount_minor__gt=0)),
            models.CheckConstraint(name="ledger_entry_direction_known", condition=Q(direction__in=["debit", "credit"])),
            # No gap and no fork in an account's history; also the index that statements read by.
            models.UniqueConstraint(name="ledger_entry_account_version", fields=["account", "account_version"]),
        ]
        triggers = [append_only()]
        verbose_name_plural = "entries"

    def __str__(self) -> str:
        return f"{self.direction} {self.currency} {self.amount_minor}"


class Balance(models.Model):
    """The sums of an account's entries: a cache that `verify` recomputes, and the row that postings lock."""

    account = models.OneToOneField(Account, on_delete=models.PROTECT, primary_key=True, related_name="balance")
    debits_minor = models.BigIntegerField(db_default=0)
    credits_minor = models.BigIntegerField(db_default=0)
    version = models.BigIntegerField(db_default=0)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="ledger_balance_sums_not_negative",
                condition=Q(debits_minor__gte=0) & Q(credits_minor__gte=0) & Q(version__gte=0),
            )
        ]

    def __str__(self) -> str:
        return f"{self.account}"


class ImportRun(models.Model):
    """An import of one file into one book: how far it came. ``lines_done`` ends before the first refused batch."""

    RUNNING, DONE, REFUSED = "running", "done", "refused"

    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="import_runs")
    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    format = models.CharField(max_length=16)
    lines_done = models.BigIntegerField(db_default=0)
    posted = models.BigIntegerField(db_default=0)
    replayed = models.BigIntegerField(db_default=0)
    refused = models.BigIntegerField(db_default=0)
    state = models.CharField(max_length=16, db_default=RUNNING)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "ledger_import_run"
        constraints = [
            models.UniqueConstraint(name="ledger_import_run_file", fields=["book", "sha256"]),
            models.CheckConstraint(
                name="ledger_import_run_state_known", condition=Q(state__in=["running", "done", "refused"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} into {self.book}"
