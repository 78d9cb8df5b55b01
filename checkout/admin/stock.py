"""Where stock is, how it stands and how it came to be so. It changes by movements alone (movements.py)."""

from django.contrib import admin
from unfold.admin import ModelAdmin, TabularInline

from checkout.models import Reservation, StockItem, StockLocation, StockMovement
from exactly_once.admin.switch import Switched
from exactly_once.read_only import ReadOnly


class MovementInline(ReadOnly, TabularInline):
    """Every change of a stock item."""

    model = StockMovement
    extra = 0
    ordering = ("-pk",)


@admin.register(StockLocation)
class StockLocationAdmin(Switched):
    """Where goods are sent from, and in which order."""

    when_empty = "Goods are sent from locations: add one before goods can come in."
    switched_on = "with their units for sale"
    switched_off = "with none of their units for sale; what is reserved there is still sent"

    list_display = ("name", "code", "priority", "active")
    list_filter = ("active",)
    search_fields = ("name", "code")
    ordering = ("priority", "pk")


@admin.register(StockItem)
class StockItemAdmin(ReadOnly, ModelAdmin):
    """Units on the shelf."""

    when_empty = "An item comes here with the first movement of a variant at a location."
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

    when_empty = "A reservation comes here when a payment begins, and ends with it or with its time."
    list_display = ("stock_item", "session", "quantity", "state", "expires_at")
    list_filter = ("state", "stock_item__location")
    list_select_related = ("stock_item__variant", "stock_item__location", "session")
    search_fields = ("session__public_id", "stock_item__variant__sku")
