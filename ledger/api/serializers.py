"""The shapes of the ledger's read API. Amounts are integers in minor units of the currency beside them."""

from typing import Any

from rest_framework import serializers

from ledger.models import Account, Book, Entry, Transaction
from ledger.queries import AccountBalance, balance_of


class BalanceSerializer(serializers.Serializer[Any]):
    """An account's sums, and its balance: positive on its normal side."""

    account = serializers.CharField(source="code")
    currency = serializers.CharField()
    type = serializers.ChoiceField(choices=["asset", "liability", "equity", "revenue", "expense"])
    normal_side = serializers.ChoiceField(choices=["debit", "credit"])
    debits_minor = serializers.IntegerField()
    credits_minor = serializers.IntegerField()
    pending_debits_minor = serializers.IntegerField()
    pending_credits_minor = serializers.IntegerField()
    floor_minor = serializers.IntegerField(allow_null=True)
    ceiling_minor = serializers.IntegerField(allow_null=True)
    balance_minor = serializers.SerializerMethodField()
    available_minor = serializers.SerializerMethodField()

    def get_balance_minor(self, row: AccountBalance) -> int:
        return row.balance.amount_minor

    def get_available_minor(self, row: AccountBalance) -> int:
        return row.available.amount_minor


class BookSerializer(serializers.ModelSerializer[Book]):
    """A set of books. What is dated before `open_from` is closed."""

    class Meta:
        model = Book
        fields = ("code", "name", "open_from", "created_at")


class AccountSerializer(serializers.ModelSerializer[Account]):
    """An account and its limits, which are on its normal side. Its balance is at an address of its own."""

    id = serializers.CharField(source="public_id")
    book = serializers.CharField(source="book.code")
    floor_minor = serializers.SerializerMethodField()
    ceiling_minor = serializers.SerializerMethodField()
    stripes = serializers.IntegerField()
    closed_at = serializers.DateTimeField(allow_null=True)

    class Meta:
        model = Account
        fields = (
            "id",
            "book",
            "code",
            "currency",
            "type",
            "normal_side",
            "floor_minor",
            "ceiling_minor",
            "stripes",
            "metadata",
            "closed_at",
        )

    def get_floor_minor(self, row: Account) -> int | None:
        return balance_of(row).floor_minor

    def get_ceiling_minor(self, row: Account) -> int | None:
        return balance_of(row).ceiling_minor


class EntrySerializer(serializers.ModelSerializer[Entry]):
    """One line of an account's history."""

    transaction = serializers.CharField(source="transaction_public_id")
    reference = serializers.CharField()
    effective_at = serializers.DateTimeField()
    direction = serializers.CharField(source="get_direction_display")
    status = serializers.CharField(source="get_status_display")

    class Meta:
        model = Entry
        fields = (
            "transaction",
            "reference",
            "effective_at",
            "direction",
            "amount_minor",
            "currency",
            "status",
            "balance_after_minor",
            "account_version",
        )


class TransactionEntrySerializer(serializers.ModelSerializer[Entry]):
    """One line of a transaction."""

    account = serializers.CharField(source="account.code")
    direction = serializers.CharField(source="get_direction_display")
    status = serializers.CharField(source="get_status_display")

    class Meta:
        model = Entry
        fields = ("account", "currency", "direction", "amount_minor", "status", "balance_after_minor")


class TransactionSerializer(serializers.ModelSerializer[Transaction]):
    """A transaction with its entries."""

    id = serializers.CharField(source="public_id")
    book = serializers.CharField(source="book.code")
    entries = TransactionEntrySerializer(many=True)

    class Meta:
        model = Transaction
        fields = (
            "id",
            "book",
            "reference",
            "kind",
            "effective_at",
            "recorded_at",
            "description",
            "metadata",
            "entries",
        )


class PostedSerializer(TransactionSerializer):
    """A transaction as it was posted now, or before (``replayed``)."""

    replayed = serializers.BooleanField()

    class Meta(TransactionSerializer.Meta):
        fields = (*TransactionSerializer.Meta.fields, "replayed")  # type: ignore[assignment]  # one more
