"""Products, variants and prices: the part of the shop that people edit."""

from datetime import UTC, datetime

from django.contrib import admin
from django.forms import Form
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from checkout.models import Price, Product, ProductImage, TaxCategory, Variant
from exactly_once.admin.switch import Switched


class VariantInline(TabularInline):
    """A product's variants."""

    model = Variant
    extra = 0
    show_change_link = True


class ImageInline(TabularInline):
    """A product's pictures."""

    model = ProductImage
    extra = 0


class PriceInline(TabularInline):
    """A variant's prices."""

    model = Price
    extra = 0
    ordering = ("currency", "valid_from")


@admin.register(Product)
class ProductAdmin(Switched):
    """What is for sale."""

    when_empty = "Nothing is for sale yet. Add a product, then its variants and their prices."
    switched_on = "for sale"
    switched_off = "no longer for sale; what is ordered stays ordered"

    list_display = ("name", "public_id", "tax_category", "active", "created_at")
    list_filter = ("active", "tax_category")
    list_select_related = ("tax_category",)
    search_fields = ("name", "slug", "public_id", "variants__sku")
    prepopulated_fields = {"slug": ("name",)}
    readonly_fields = ("public_id", "created_at")
    inlines = (VariantInline, ImageInline)

    def save_model(self, request: HttpRequest, obj: Product, form: Form, change: bool) -> None:  # noqa: FBT001 - Django's
        """Save, and note when the product was made."""
        if not change:
            obj.created_at = datetime.now(UTC)
        super().save_model(request, obj, form, change)


@admin.register(Variant)
class VariantAdmin(Switched):
    """What can be put into a cart."""

    when_empty = "Nothing can be put into a cart yet. Add a product first: its variants are on its page."
    switched_on = "for sale, where their product is"
    switched_off = "no longer for sale; what is ordered stays ordered"

    list_display = ("sku", "product", "name", "weight_grams", "active")
    list_filter = ("active",)
    list_select_related = ("product",)
    search_fields = ("sku", "name", "product__name")
    inlines = (PriceInline,)


@admin.register(Price)
class PriceAdmin(ModelAdmin):
    """Unit prices, and when they hold."""

    when_empty = "No variant has a price yet, and what has none in a currency is not sold in it."
    list_display = ("variant", "currency", "unit_amount_minor", "compare_at_minor", "valid_from", "valid_until")
    list_filter = ("currency",)
    list_select_related = ("variant",)
    search_fields = ("variant__sku", "variant__product__name")
    autocomplete_fields = ("variant",)


@admin.register(TaxCategory)
class TaxCategoryAdmin(ModelAdmin):
    """What is taxed alike."""

    when_empty = "A category is what is taxed alike, such as books. Products and shipping options name one."
    list_display = ("code", "name")
    search_fields = ("code", "name")
    ordering = ("code",)
