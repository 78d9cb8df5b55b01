"""Rows of the checkout package. No other package imports them."""

from checkout.models.cart import Cart, CartLine
from checkout.models.catalog import Price, Product, ProductImage, Variant
from checkout.models.discount import Discount, DiscountAmount, DiscountRedemption
from checkout.models.fulfillment import (
    Cancellation,
    CancellationLine,
    Return,
    ReturnLine,
    Shipment,
    ShipmentLine,
)
from checkout.models.order import Order, OrderLine
from checkout.models.session import CheckoutSession, SessionLine
from checkout.models.shipping import ShippingOption, ShippingPrice
from checkout.models.stock import Reservation, StockItem, StockLocation, StockMovement
from checkout.models.tax import TaxCategory, TaxRate

__all__ = [
    "Cancellation",
    "CancellationLine",
    "Cart",
    "CartLine",
    "CheckoutSession",
    "Discount",
    "DiscountAmount",
    "DiscountRedemption",
    "Order",
    "OrderLine",
    "Price",
    "Product",
    "ProductImage",
    "Reservation",
    "Return",
    "ReturnLine",
    "SessionLine",
    "Shipment",
    "ShipmentLine",
    "ShippingOption",
    "ShippingPrice",
    "StockItem",
    "StockLocation",
    "StockMovement",
    "TaxCategory",
    "TaxRate",
    "Variant",
]
