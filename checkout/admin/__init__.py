"""Checkout in the admin: catalog and prices are edited here; sessions, orders and stock are looked at."""

from checkout.admin import catalog, orders, pricing, stock

__all__ = ["catalog", "orders", "pricing", "stock"]
