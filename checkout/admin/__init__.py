"""Checkout in the admin: the catalog is edited here; sessions, orders and stock are looked at."""

from checkout.admin import catalog, orders, stock

__all__ = ["catalog", "orders", "stock"]
