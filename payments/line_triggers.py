"""Triggers that keep settlement lines as the PSP told them."""

import pgtrigger

from exactly_once.triggers import refuse


def paid_out_once() -> pgtrigger.Trigger:
    """Return a trigger by which a line that goes out by one payout does not go out by another, whoever asks."""
    return refuse(
        name="paid_out_once",
        operation=pgtrigger.Update,
        condition=pgtrigger.Condition(
            "OLD.payout_reference <> '' AND NEW.payout_reference IS DISTINCT FROM OLD.payout_reference"
        ),
        says="settlement line % goes out by %",
        about="OLD.line_id, OLD.payout_reference",
    )


def kept() -> pgtrigger.Trigger:
    """Return a trigger that refuses DELETE and TRUNCATE, whoever asks."""
    return refuse(
        name="kept",
        operation=pgtrigger.Delete | pgtrigger.Truncate,
        level=pgtrigger.Statement,
        says="what a % says is kept",
        about="TG_TABLE_NAME",
    )
