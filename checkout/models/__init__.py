"""Rows of the checkout package. No other package imports them."""

from checkout.models.catalog import Price, Product, ProductImage, Variant
from checkout.models.order import Order, OrderLine
from checkout.models.session import CheckoutSession, SessionLine
from checkout.models.stock import Reservation, StockItem, StockMovement
from checkout.models.tax import TaxCategory

__all__ = [
    "CheckoutSession",
    "Order",
    "OrderLine",
    "Price",
    "Product",
    "ProductImage",
    "Reservation",
    "SessionLine",
    "StockItem",
    "StockMovement",
    "TaxCategory",
    "Variant",
]
