"""Payments for people: what came and went, where it is sent, and what nobody knows the outcome of."""

from payments.admin import (
    attempts,
    breaks,
    decisions,
    money,
    parts,
    psp_accounts,
    routing,
    settlement,
    unknown,
)

__all__ = [
    "attempts",
    "breaks",
    "decisions",
    "money",
    "parts",
    "psp_accounts",
    "routing",
    "settlement",
    "unknown",
]
