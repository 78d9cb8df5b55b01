"""Payments for people: what came and went, where it is sent, and what nobody knows the outcome of."""

from payments.admin import breaks, decisions, money, parts, psp_accounts, routing, settlement

__all__ = ["breaks", "decisions", "money", "parts", "psp_accounts", "routing", "settlement"]
