"""Products, variants and prices: the part of the shop that people edit."""

from django.contrib import admin
from unfold.admin import ModelAdmin, TabularInline

from checkout.models import Price, Product, Variant


class VariantInline(TabularInline):
    """A product's variants."""

    model = Variant
    extra = 0
    show_change_link = True


class PriceInline(TabularInline):
    """A variant's prices."""

    model = Price
    extra = 0


@admin.register(Product)
class ProductAdmin(ModelAdmin):
    """What is for sale."""

    list_display = ("name", "public_id", "active", "created_at")
    list_filter = ("active",)
    search_fields = ("name", "public_id", "variants__sku")
    inlines = (VariantInline,)


@admin.register(Variant)
class VariantAdmin(ModelAdmin):
    """What can be put into a cart."""

    list_display = ("sku", "product", "name")
    list_select_related = ("product",)
    search_fields = ("sku", "name", "product__name")
    inlines = (PriceInline,)


@admin.register(Price)
class PriceAdmin(ModelAdmin):
    """Unit prices."""

    list_display = ("variant", "currency", "unit_amount_minor")
    list_filter = ("currency",)
    list_select_related = ("variant",)
    search_fields = ("variant__sku", "variant__product__name")
