"""Where stock is, how it stands and how it came to be so. It changes by movements alone (movements.py)."""

from django.contrib import admin
from unfold.admin import ModelAdmin, TabularInline

from checkout.models import Reservation, StockItem, StockLocation, StockMovement
from exactly_once.read_only import ReadOnly


class MovementInline(ReadOnly, TabularInline):
    """Every change of a stock item."""

    model = StockMovement
    extra = 0
    ordering = ("-pk",)


@admin.register(StockLocation)
class StockLocationAdmin(ModelAdmin):
    """Where goods are sent from, and in which order."""

    list_display = ("name", "code", "priority", "active")
    list_filter = ("active",)
    search_fields = ("name", "code")
    ordering = ("priority", "pk")


@admin.register(StockItem)
class StockItemAdmin(ReadOnly, ModelAdmin):
    """Units on the shelf."""

    list_display = ("variant", "location", "on_hand", "reserved", "available")
    list_filter = ("location",)
    list_select_related = ("variant", "location")
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
    list_filter = ("state", "stock_item__location")
    list_select_related = ("stock_item__variant", "stock_item__location", "session")
    search_fields = ("session__public_id", "stock_item__variant__sku")
