"""Rows of the checkout package. No other package imports them."""

from checkout.models.catalog import Price, Product, Variant
from checkout.models.order import Order, OrderLine
from checkout.models.session import CheckoutSession, SessionLine
from checkout.models.stock import Reservation, StockItem, StockMovement

__all__ = [
    "CheckoutSession",
    "Order",
    "OrderLine",
    "Price",
    "Product",
    "Reservation",
    "SessionLine",
    "StockItem",
    "StockMovement",
    "Variant",
]
