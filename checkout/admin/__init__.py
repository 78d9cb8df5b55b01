"""Checkout in the admin: catalog and prices are edited, stock is moved; sessions and orders are looked at."""

from checkout.admin import catalog, movements, orders, pricing, stock

__all__ = ["catalog", "movements", "orders", "pricing", "stock"]
