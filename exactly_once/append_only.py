"""The trigger of tables that only ever grow."""

import pgtrigger


def append_only() -> pgtrigger.Trigger:
    """Return a trigger that refuses UPDATE, DELETE and TRUNCATE, whoever asks.

    It fires once per statement and never on INSERT, so that posting pays nothing for it.
    """
    return pgtrigger.Trigger(
        name="append_only",
        when=pgtrigger.Before,
        operation=pgtrigger.Update | pgtrigger.Delete | pgtrigger.Truncate,
        level=pgtrigger.Statement,
        func="""
            RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
                USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
        """,
    )
