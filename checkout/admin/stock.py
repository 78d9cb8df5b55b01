"""Stock as it stands and how it came to be so. It changes through verbs only."""

from django.contrib import admin
from unfold.admin import ModelAdmin, TabularInline

from checkout.models import Reservation, StockItem, StockMovement
from exactly_once.read_only import ReadOnly


class MovementInline(ReadOnly, TabularInline):
    """Every change of a stock item."""

    model = StockMovement
    extra = 0
    ordering = ("-pk",)


@admin.register(StockItem)
class StockItemAdmin(ReadOnly, ModelAdmin):
    """Units on the shelf."""

    list_display = ("variant", "location", "on_hand", "reserved", "available")
    list_filter = ("location",)
    list_select_related = ("variant",)
    search_fields = ("variant__sku", "variant__product__name")
    inlines = (MovementInline,)

    @admin.display(description="available")
    def available(self, item: StockItem) -> int:
        """Return how many units nobody has reserved."""
        return item.on_hand - item.reserved


@admin.register(Reservation)
class ReservationAdmin(ReadOnly, ModelAdmin):
    """Units that are spoken for."""

    list_display = ("stock_item", "session", "quantity", "state", "expires_at")
    list_filter = ("state",)
    list_select_related = ("stock_item__variant", "session")
    search_fields = ("session__public_id", "stock_item__variant__sku")


@admin.register(StockMovement)
class StockMovementAdmin(ReadOnly, ModelAdmin):
    """The append-only record behind the numbers."""

    list_display = ("created_at", "stock_item", "kind", "on_hand_delta", "reserved_delta", "reference")
    list_filter = ("kind",)
    list_select_related = ("stock_item__variant",)
    search_fields = ("reference", "stock_item__variant__sku")
    date_hierarchy = "created_at"
