"""Payments for people: what came and went, where it is sent, and what nobody knows the outcome of."""

from payments.admin import (
    attempts,
    bank,
    breaks,
    decisions,
    files,
    money,
    parts,
    psp_accounts,
    resolutions,
    routing,
    settlement,
    unknown,
)

__all__ = [
    "attempts",
    "bank",
    "breaks",
    "decisions",
    "files",
    "money",
    "parts",
    "psp_accounts",
    "resolutions",
    "routing",
    "settlement",
    "unknown",
]
