"""Discounts, shipping options and tax rates: what people set. Redemptions are looked at."""

from django.contrib import admin
from unfold.admin import ModelAdmin, TabularInline

from checkout.models import Discount, DiscountAmount, DiscountRedemption, ShippingOption, ShippingPrice, TaxRate
from exactly_once.read_only import ReadOnly


class AmountInline(TabularInline):
    """What a discount asks for and takes off, by currency."""

    model = DiscountAmount
    extra = 0


class ShippingPriceInline(TabularInline):
    """What an option costs, by place, currency and weight."""

    model = ShippingPrice
    extra = 0
    ordering = ("country", "region", "currency", "weight_from_grams")


@admin.register(Discount)
class DiscountAdmin(ModelAdmin):
    """Codes that make carts cheaper."""

    list_display = ("code", "title", "kind", "percent", "active", "redeemed", "limit_total", "valid_until")
    list_filter = ("active", "kind")
    search_fields = ("code", "title")
    readonly_fields = ("redeemed",)
    inlines = (AmountInline,)


@admin.register(DiscountAmount)
class DiscountAmountAdmin(ModelAdmin):
    """What discounts ask for and take off."""

    list_display = ("discount", "currency", "minimum_subtotal_minor", "off_minor")
    list_select_related = ("discount",)
    search_fields = ("discount__code", "currency")


@admin.register(DiscountRedemption)
class DiscountRedemptionAdmin(ReadOnly, ModelAdmin):
    """Who has used which discount."""

    list_display = ("discount", "redeemer", "session", "state", "created_at")
    list_filter = ("state",)
    list_select_related = ("discount", "session")
    search_fields = ("discount__code", "redeemer", "session__public_id")
    date_hierarchy = "created_at"


@admin.register(ShippingOption)
class ShippingOptionAdmin(ModelAdmin):
    """How goods can be sent."""

    list_display = ("name", "code", "position", "tax_category", "active")
    list_filter = ("active",)
    list_select_related = ("tax_category",)
    search_fields = ("name", "code")
    inlines = (ShippingPriceInline,)


@admin.register(ShippingPrice)
class ShippingPriceAdmin(ModelAdmin):
    """What sending costs."""

    list_display = (
        "option",
        "country",
        "region",
        "currency",
        "weight_from_grams",
        "weight_until_grams",
        "amount_minor",
    )
    list_filter = ("option", "currency")
    list_select_related = ("option",)
    search_fields = ("option__name", "option__code", "country")


@admin.register(TaxRate)
class TaxRateAdmin(ModelAdmin):
    """Which taxes are taken where."""

    list_display = ("jurisdiction", "category", "country", "region", "percent", "inclusive", "valid_from")
    list_filter = ("country", "category", "inclusive")
    list_select_related = ("category",)
    search_fields = ("jurisdiction", "country", "region", "category__code")
