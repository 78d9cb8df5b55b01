"""Discounts, shipping options and tax rates: what people set. Redemptions are looked at."""

from django.contrib import admin
from unfold.admin import ModelAdmin, TabularInline

from checkout.models import Discount, DiscountAmount, DiscountRedemption, ShippingOption, ShippingPrice, TaxRate
from exactly_once.admin.switch import Switched
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
class DiscountAdmin(Switched):
    """Codes that make carts cheaper."""

    when_empty = "No code makes a cart cheaper yet. Add a discount, and its terms in each currency."
    switched_on = "redeemable"
    switched_off = "redeemable no more"

    list_display = ("code", "title", "kind", "percent", "active", "redeemed", "limit_total", "valid_until")
    list_filter = ("active", "kind")
    search_fields = ("code", "title")
    readonly_fields = ("redeemed",)
    inlines = (AmountInline,)


@admin.register(DiscountAmount)
class DiscountAmountAdmin(ModelAdmin):
    """What discounts ask for and take off."""

    when_empty = "Terms say what a discount asks for and takes off in a currency; without, it is not given in it."
    list_display = ("discount", "currency", "minimum_subtotal_minor", "off_minor")
    list_select_related = ("discount",)
    list_filter = ("currency", "discount__active")
    search_fields = ("discount__code", "currency")


@admin.register(DiscountRedemption)
class DiscountRedemptionAdmin(ReadOnly, ModelAdmin):
    """Who has used which discount."""

    when_empty = "A redemption comes here when a buyer uses a code in a session."
    list_display = ("discount", "redeemer", "session", "state", "created_at")
    list_filter = ("state",)
    list_select_related = ("discount", "session")
    search_fields = ("discount__code", "redeemer", "session__public_id")
    date_hierarchy = "created_at"


@admin.register(ShippingOption)
class ShippingOptionAdmin(Switched):
    """How goods can be sent."""

    when_empty = "Without an option, goods are collected at the shop. Add one, and what it costs where."
    switched_on = "offered"
    switched_off = "no longer offered"

    list_display = ("name", "code", "position", "tax_category", "active")
    list_filter = ("active",)
    list_select_related = ("tax_category",)
    search_fields = ("name", "code")
    inlines = (ShippingPriceInline,)


@admin.register(ShippingPrice)
class ShippingPriceAdmin(ModelAdmin):
    """What sending costs."""

    when_empty = "A price says what an option costs in a country, a currency and from a weight on."
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

    when_empty = "Without a rate, no tax is taken. Add one per jurisdiction and category, with the day it begins."
    list_display = ("jurisdiction", "category", "country", "region", "percent", "inclusive", "valid_from")
    list_filter = ("country", "category", "inclusive")
    list_select_related = ("category",)
    search_fields = ("jurisdiction", "country", "region", "category__code")
