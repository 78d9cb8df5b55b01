"""Books, accounts, and what accounts hold."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


class Book(models.Model):
    """One legal entity's set of books. What is dated before ``open_from`` is closed: it takes no more entries."""

    id = models.AutoField(primary_key=True)
    code = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    open_from = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.code


class Account(models.Model):
    """A place where money of one currency is, or a reason why it came or went. ``code`` is a path."""

    id = models.AutoField(primary_key=True)
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


class Balance(models.Model):
    """The sums of an account's entries, in one row, or in ``stripes`` of them where the account is hot.

    A cache that `verify` recomputes, and the row that postings lock. Book, code and currency are the account's own:
    a posting finds its row by them, with one look into one index. ``net`` is debits less credits; its bounds are the
    account's floor and ceiling, whichever way its normal side turns them. ``net_low_minor`` is what it would be if all
    that is pending left, ``net_high_minor`` if all that is pending came: a limit is one comparison then. PostgreSQL
    reads a CHECK's text anew for every UPDATE, so short ones are worth it.
    """

    debits_minor = models.BigIntegerField(db_default=0)
    credits_minor = models.BigIntegerField(db_default=0)
    net_low_minor = models.BigIntegerField(db_default=0)
    net_high_minor = models.BigIntegerField(db_default=0)
    version = models.BigIntegerField(db_default=0)
    net_min_minor = models.BigIntegerField(null=True, blank=True)
    net_max_minor = models.BigIntegerField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="balances")
    book_id = models.IntegerField()
    stripe = models.SmallIntegerField(db_default=0)
    stripes = models.SmallIntegerField(db_default=1)
    normal_sign = models.SmallIntegerField()
    code = models.CharField(max_length=200)
    currency = models.CharField(max_length=3)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="ledger_balance_stripe",
                fields=["book_id", "code", "currency", "stripe"],
            ),
            models.CheckConstraint(
                name="ledger_balance_within_limits",
                condition=Q(net_low_minor__gte=F("net_min_minor")) & Q(net_high_minor__lte=F("net_max_minor")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.currency}"
