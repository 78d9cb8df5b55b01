"""Sessions and orders: to look at."""

from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from unfold.admin import ModelAdmin, TabularInline

from checkout.models import (
    Cancellation,
    CheckoutSession,
    Order,
    OrderLine,
    Reservation,
    Return,
    SessionLine,
    Shipment,
)
from exactly_once.read_only import ReadOnly
from ledger.money import Money
from payments.adjustments import adjustments


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


class _EventInline(ReadOnly, TabularInline):
    """Events of an order, each with a link to its lines."""

    extra = 0
    show_change_link = True
    exclude = ("parts",)


class ShipmentInline(_EventInline):
    """What left."""

    model = Shipment


class CancellationInline(_EventInline):
    """What will not be sent."""

    model = Cancellation


class ReturnInline(_EventInline):
    """What came back."""

    model = Return


@admin.register(CheckoutSession)
class CheckoutSessionAdmin(ReadOnly, ModelAdmin):
    """Carts on their way to orders."""

    when_empty = "A session comes here when a buyer goes to checkout, or a client opens one over the API."
    list_display = ("public_id", "state", "recovery_point", "total_minor", "currency", "buyer_email", "created_at")
    list_filter = ("state", "recovery_point", "currency")
    search_fields = ("public_id", "buyer_email", "buyer_name", "order__public_id")
    date_hierarchy = "created_at"
    inlines = (SessionLineInline, ReservationInline)


@admin.register(SessionLine)
class SessionLineAdmin(ReadOnly, ModelAdmin):
    """Lines of carts."""

    when_empty = "A line comes here with its session, when a buyer goes to checkout."
    list_display = ("session", "sku", "name", "quantity", "unit_amount_minor")
    list_select_related = ("session",)
    list_filter = ("session__state", "session__currency")
    search_fields = ("session__public_id", "sku", "name")


@admin.register(Order)
class OrderAdmin(ReadOnly, ModelAdmin):
    """What was sold and paid."""

    when_empty = "An order comes here in the commit that takes its payment: none is paid for yet."
    list_display = ("public_id", "state", "total_minor", "currency", "buyer_email", "payment_intent", "created_at")
    list_filter = ("state", "currency")
    search_fields = ("public_id", "buyer_email", "buyer_name", "payment_intent", "session__public_id", "lines__sku")
    date_hierarchy = "created_at"
    inlines = (OrderLineInline, ShipmentInline, CancellationInline, ReturnInline)
    fieldsets = (
        (None, {"fields": ("public_id", "state", "total_minor", "created_at", "shipped_at", "payment_intent")}),
        ("Buyer", {"fields": ("buyer_name", "buyer_email", "customer", "client", "session", "shipping_address")}),
        (
            "What it comes to",
            {
                "fields": (
                    *("subtotal_minor", "discount_minor", "discount_code", "discount_title"),
                    *("fulfillment_minor", "fulfillment_name", "fulfillment_option", "shipping_discount_minor"),
                    *("tax_minor", "shipping_tax_minor", "shipping_taxes", "refunds_and_disputes"),
                )
            },
        ),
    )
    readonly_fields = ("refunds_and_disputes",)

    @admin.display(description="refunds and disputes")
    def refunds_and_disputes(self, order: Order) -> str:
        """Return those of the order's payment, one a line."""
        found = adjustments(order_references=[order.session.public_id]).get(order.session.public_id, [])
        rows = [
            (each.kind, each.public_id, Money(each.amount_minor, order.currency), each.state, each.reason)
            for each in found
        ]
        return format_html_join(mark_safe("<br>"), "{} {}: {}, {} ({})", rows) or "-"


@admin.register(OrderLine)
class OrderLineAdmin(ReadOnly, ModelAdmin):
    """Lines of orders."""

    when_empty = "A line comes here with its order, in the commit that takes the payment."
    list_display = ("order", "sku", "name", "quantity", "shipped", "canceled", "returned", "unit_amount_minor")
    list_select_related = ("order",)
    list_filter = ("order__state", "order__currency")
    search_fields = ("order__public_id", "sku", "name")
