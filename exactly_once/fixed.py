"""The trigger of what is said once."""

import pgtrigger

from exactly_once.triggers import refuse


def fixed(*, columns: tuple[str, ...], name: str = "fixed", once: str = "true") -> pgtrigger.Trigger:
    """Return a trigger by which these columns keep what a row was made with, whoever asks.

    :param once: an SQL condition over OLD and NEW: while it does not hold, they may change.
    """
    now = ", ".join(f"NEW.{column}" for column in columns)
    before = ", ".join(f"OLD.{column}" for column in columns)
    return refuse(
        name=name,
        operation=pgtrigger.Update,
        condition=pgtrigger.Condition(f"(({once}) AND ({now}) IS DISTINCT FROM ({before}))"),
        says="what a % says is fixed",
        about="TG_TABLE_NAME",
    )
