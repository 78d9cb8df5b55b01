"""What shows that the books are right: seals to look at, and invariants to declare."""

from datetime import UTC, datetime

from django.contrib import admin
from unfold.admin import ModelAdmin

from exactly_once.read_only import ReadOnly
from ledger import invariants
from ledger.models import (
    Invariant,
    SealBlock,
    SealPosition,
)


@admin.register(SealBlock)
class SealBlockAdmin(ReadOnly, ModelAdmin):
    """The chain of sealed blocks. Note a hash outside, and nothing before it can change unseen."""

    when_empty = "A block comes here when what is posted is sealed, which happens by itself, within seconds."
    list_display = ("book", "number", "count", "through_id", "hash_hex", "sealed_at")
    list_filter = ("book",)
    list_select_related = ("book",)
    search_fields = ("book__code", "=number")
    exclude = ("hash", "root", "previous_hash", "marks")
    readonly_fields = ("hash_hex", "root_hex")

    @admin.display(description="hash")
    def hash_hex(self, block: SealBlock) -> str:
        """Return the block's hash."""
        return bytes(block.hash).hex()

    @admin.display(description="root")
    def root_hex(self, block: SealBlock) -> str:
        """Return the root of its Merkle tree."""
        return bytes(block.root).hex()


@admin.register(SealPosition)
class SealPositionAdmin(ReadOnly, ModelAdmin):
    """How far everything is sealed."""

    when_empty = "Nothing is sealed yet, which happens by itself, within seconds."
    list_display = ("through_id", "sealed_at")
    search_fields = ("=through_id",)


@admin.register(Invariant)
class InvariantAdmin(ModelAdmin):
    """What must be true of accounts besides the books' own rules: declared here, checked here and by verify."""

    when_empty = "Add what must be true of an account, such as 'never below zero': verify and this page check it."
    list_display = ("name", "book", "kind", "account", "holds")
    list_filter = ("book", "kind")
    list_select_related = ("book",)
    search_fields = ("name", "account", "book__code")
    readonly_fields = ("findings",)

    @admin.display(boolean=True, description="holds")
    def holds(self, invariant: Invariant) -> bool:
        """Return whether it is true now."""
        return not invariants.check(invariant, now=datetime.now(UTC))[1]

    @admin.display(description="now")
    def findings(self, invariant: Invariant) -> str:
        """Return what breaks it now."""
        if not invariant.account:
            return "It is checked once it is saved."
        return "; ".join(invariants.check(invariant, now=datetime.now(UTC))[1]) or "It holds."
