"""Checkout in the admin: catalog and prices are edited, stock is moved; sessions and orders are looked at."""

from checkout.admin import carts, catalog, movements, order_events, orders, pricing, stock

__all__ = ["carts", "catalog", "movements", "order_events", "orders", "pricing", "stock"]
