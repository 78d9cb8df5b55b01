"""Triggers that keep settlement lines as the PSP told them."""

import pgtrigger


def paid_out_once() -> pgtrigger.Trigger:
    """Return a trigger by which a line that goes out by one payout does not go out by another, whoever asks."""
    return pgtrigger.Trigger(
        name="paid_out_once",
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        condition=pgtrigger.Condition(
            "OLD.payout_reference <> '' AND NEW.payout_reference IS DISTINCT FROM OLD.payout_reference"
        ),
        func="""
            RAISE EXCEPTION 'settlement line % goes out by %', OLD.line_id, OLD.payout_reference
                USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
        """,
    )


def kept() -> pgtrigger.Trigger:
    """Return a trigger that refuses DELETE and TRUNCATE, whoever asks."""
    return pgtrigger.Trigger(
        name="kept",
        when=pgtrigger.Before,
        operation=pgtrigger.Delete | pgtrigger.Truncate,
        level=pgtrigger.Statement,
        func="""
            RAISE EXCEPTION 'what a % says is kept', TG_TABLE_NAME
                USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
        """,
    )
