"""Sessions and orders: to look at."""

from django.contrib import admin
from unfold.admin import ModelAdmin, TabularInline

from checkout.models import CheckoutSession, Order, OrderLine, Reservation, SessionLine
from exactly_once.read_only import ReadOnly


class SessionLineInline(ReadOnly, TabularInline):
    """What is in the cart."""

    model = SessionLine
    extra = 0


class ReservationInline(ReadOnly, TabularInline):
    """What the session holds."""

    model = Reservation
    extra = 0


class OrderLineInline(ReadOnly, TabularInline):
    """What was sold."""

    model = OrderLine
    extra = 0


@admin.register(CheckoutSession)
class CheckoutSessionAdmin(ReadOnly, ModelAdmin):
    """Carts on their way to orders."""

    list_display = ("public_id", "state", "recovery_point", "total_minor", "currency", "buyer_email", "created_at")
    list_filter = ("state", "recovery_point", "currency")
    search_fields = ("public_id", "buyer_email", "buyer_name", "order__public_id")
    date_hierarchy = "created_at"
    inlines = (SessionLineInline, ReservationInline)


@admin.register(SessionLine)
class SessionLineAdmin(ReadOnly, ModelAdmin):
    """Lines of carts."""

    list_display = ("session", "sku", "name", "quantity", "unit_amount_minor")
    list_select_related = ("session",)
    search_fields = ("session__public_id", "sku", "name")


@admin.register(Order)
class OrderAdmin(ReadOnly, ModelAdmin):
    """What was sold and paid."""

    list_display = ("public_id", "state", "total_minor", "currency", "buyer_email", "payment_intent", "created_at")
    list_filter = ("state", "currency")
    search_fields = ("public_id", "buyer_email", "buyer_name", "payment_intent", "session__public_id", "lines__sku")
    date_hierarchy = "created_at"
    inlines = (OrderLineInline,)


@admin.register(OrderLine)
class OrderLineAdmin(ReadOnly, ModelAdmin):
    """Lines of orders."""

    list_display = ("order", "sku", "name", "quantity", "unit_amount_minor")
    list_select_related = ("order",)
    search_fields = ("order__public_id", "sku", "name")
