"""Triggers by which stock is the sum of its movements, whoever writes."""

import pgtrigger

from exactly_once.triggers import refuse


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
    return refuse(
        name="only_moved",
        operation=pgtrigger.Update,
        condition=pgtrigger.Condition("pg_trigger_depth() = 0 AND OLD.* IS DISTINCT FROM NEW.*"),
        says="stock changes by a movement alone",
    )


def starts_empty() -> pgtrigger.Trigger:
    """Return a trigger by which a new stock item has no units: these come by a movement, too."""
    return refuse(
        name="starts_empty",
        operation=pgtrigger.Insert,
        condition=pgtrigger.Condition("NEW.on_hand <> 0 OR NEW.reserved <> 0"),
        says="a new stock item is empty",
    )
