"""Carts: to look at."""

from django.contrib import admin
from unfold.admin import ModelAdmin, TabularInline

from checkout.models import Cart, CartLine
from exactly_once.read_only import ReadOnly


class CartLineInline(ReadOnly, TabularInline):
    """What is in the cart."""

    model = CartLine
    extra = 0


@admin.register(Cart)
class CartAdmin(ReadOnly, ModelAdmin):
    """What buyers have put together so far."""

    when_empty = "A cart comes here when a buyer puts something into one, in the shop or over the API."
    list_display = ("public_id", "state", "customer", "currency", "updated_at", "expires_at")
    list_filter = ("state", "currency")
    search_fields = ("public_id", "customer", "buyer_email", "buyer_name")
    date_hierarchy = "created_at"
    inlines = (CartLineInline,)


@admin.register(CartLine)
class CartLineAdmin(ReadOnly, ModelAdmin):
    """Lines of carts."""

    when_empty = "A line comes here when a buyer puts something into a cart."
    list_display = ("cart", "variant", "quantity")
    list_select_related = ("cart", "variant")
    list_filter = ("cart__state", "cart__currency")
    search_fields = ("cart__public_id", "variant__sku")
