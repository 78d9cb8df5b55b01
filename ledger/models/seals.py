"""Seals over what was posted, and the sums per day that are kept in the same step."""

from django.db import models

from exactly_once.append_only import append_only
from ledger.models.accounts import Account, Book


class SealBlock(models.Model):
    """A sealed run of a book's transactions: those with ``ids``, up to ``through_id``, in the order of their ids.

    ``root`` is the root of the Merkle tree over them (RFC 9162, section 2.1.1), ``hash`` covers it and the hash of the
    block before. ``marks`` are the first 8 bytes of each leaf's hash: they name which transaction was altered.
    """

    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="seal_blocks")
    number = models.BigIntegerField()
    after_id = models.BigIntegerField()
    through_id = models.BigIntegerField()
    ids = models.TextField()
    count = models.IntegerField()
    root = models.BinaryField(max_length=32)
    previous_hash = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)
    marks = models.BinaryField()
    sealed_at = models.DateTimeField()

    class Meta:
        db_table = "ledger_seal_block"
        constraints = [
            models.UniqueConstraint(name="ledger_seal_block_number", fields=["book", "number"]),
            # One block follows another: no fork, and none is sealed twice.
            models.UniqueConstraint(name="ledger_seal_block_after", fields=["book", "after_id"]),
        ]
        triggers = [append_only()]

    def __str__(self) -> str:
        return f"{self.book} block {self.number}"


class SealPosition(models.Model):
    """How far everything is sealed and summed: one row, which whoever seals locks."""

    id = models.SmallIntegerField(primary_key=True)
    through_id = models.BigIntegerField()
    sealed_at = models.DateTimeField()

    class Meta:
        db_table = "ledger_seal_position"
        constraints = [models.CheckConstraint(name="ledger_seal_position_one", condition=models.Q(id=1))]

    def __str__(self) -> str:
        return f"through {self.through_id}"


class DailySum(models.Model):
    """What a stripe's sealed, posted entries add up to, by the day they count for and the day they were recorded.

    Days are UTC. A late transaction adds to another row; no row of the past is rewritten by it. The versions bound
    where the entries are in the stripe's history, so that a statement reads only what it shows.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    effective_on = models.DateField()
    recorded_on = models.DateField()
    stripe = models.SmallIntegerField()
    debits_minor = models.BigIntegerField()
    credits_minor = models.BigIntegerField()
    first_version = models.BigIntegerField()
    last_version = models.BigIntegerField()

    class Meta:
        db_table = "ledger_daily_sum"
        constraints = [
            models.UniqueConstraint(
                name="ledger_daily_sum_days", fields=["account", "effective_on", "recorded_on", "stripe"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} on {self.effective_on}"
