"""Triggers by which stock is the sum of its movements, whoever writes."""

import pgtrigger


def moves_stock() -> pgtrigger.Trigger:
    """Return a trigger of movements: each changes its stock item by itself, so that neither is without the other."""
    return pgtrigger.Trigger(
        name="moves_stock",
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        func="""
            UPDATE checkout_stockitem AS s
            SET on_hand = s.on_hand + NEW.on_hand_delta, reserved = s.reserved + NEW.reserved_delta
            WHERE s.id = NEW.stock_item_id;
            RETURN NULL;
        """,
    )


def only_moved() -> pgtrigger.Trigger:
    """Return a trigger of stock items that lets nobody but the trigger of movements change them."""
    return pgtrigger.Trigger(
        name="only_moved",
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        condition=pgtrigger.Condition("pg_trigger_depth() = 0 AND OLD.* IS DISTINCT FROM NEW.*"),
        func="""
            RAISE EXCEPTION 'stock changes by a movement alone'
                USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
        """,
    )


def starts_empty() -> pgtrigger.Trigger:
    """Return a trigger by which a new stock item has no units: these come by a movement, too."""
    return pgtrigger.Trigger(
        name="starts_empty",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        condition=pgtrigger.Condition("NEW.on_hand <> 0 OR NEW.reserved <> 0"),
        func="""
            RAISE EXCEPTION 'a new stock item is empty'
                USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
        """,
    )
