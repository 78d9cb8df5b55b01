"""The trigger of tables that only ever grow."""

import pgtrigger

from exactly_once.triggers import refuse


def append_only() -> pgtrigger.Trigger:
    """Return a trigger that refuses UPDATE, DELETE and TRUNCATE, whoever asks.

    It fires once per statement and never on INSERT, so that posting pays nothing for it.
    """
    return refuse(
        name="append_only",
        operation=pgtrigger.Update | pgtrigger.Delete | pgtrigger.Truncate,
        level=pgtrigger.Statement,
        says="% is append-only",
        about="TG_TABLE_NAME",
    )
