"""What has become of orders: to look at. The API makes shipments, cancellations and returns."""

from typing import ClassVar

from django.contrib import admin
from unfold.admin import ModelAdmin, TabularInline

from checkout.models import Cancellation, CancellationLine, Return, ReturnLine, Shipment, ShipmentLine
from exactly_once.read_only import ReadOnly


class _Units(ReadOnly, TabularInline):
    """Units of lines."""

    extra = 0


class ShipmentLineInline(_Units):
    """What was in it."""

    model = ShipmentLine


class CancellationLineInline(_Units):
    """What will not be sent."""

    model = CancellationLine


class ReturnLineInline(_Units):
    """What came back."""

    model = ReturnLine


class _OrderEventAdmin(ReadOnly, ModelAdmin):
    """One kind of event."""

    list_select_related = ("order",)
    search_fields: ClassVar = ["public_id", "order__public_id", "order__buyer_email"]
    date_hierarchy = "created_at"


@admin.register(Shipment)
class ShipmentAdmin(_OrderEventAdmin):
    """Goods that left."""

    when_empty = "A shipment comes here when the warehouse tells, over the API, that goods have left."
    list_display = ("public_id", "order", "carrier", "tracking_number", "amount_minor", "capture", "created_at")
    search_fields: ClassVar = [*_OrderEventAdmin.search_fields, "tracking_number"]
    inlines = (ShipmentLineInline,)


@admin.register(Cancellation)
class CancellationAdmin(_OrderEventAdmin):
    """Units that will not be sent."""

    when_empty = "A cancellation comes here when units of an order will not be sent."
    list_display = ("public_id", "order", "reason", "amount_minor", "refund", "created_at")
    inlines = (CancellationLineInline,)


@admin.register(Return)
class ReturnAdmin(_OrderEventAdmin):
    """Goods that came back."""

    when_empty = "A return comes here when the warehouse tells, over the API, that goods came back."
    list_display = ("public_id", "order", "reason", "amount_minor", "refund", "created_at")
    inlines = (ReturnLineInline,)
