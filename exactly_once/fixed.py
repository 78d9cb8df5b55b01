"""The trigger of what is said once."""

import pgtrigger


def fixed(*, columns: tuple[str, ...], name: str = "fixed", once: str = "true") -> pgtrigger.Trigger:
    """Return a trigger by which these columns keep what a row was made with, whoever asks.

    :param once: an SQL condition over OLD and NEW: while it does not hold, they may change.
    """
    now = ", ".join(f"NEW.{column}" for column in columns)
    before = ", ".join(f"OLD.{column}" for column in columns)
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        condition=pgtrigger.Condition(f"(({once}) AND ({now}) IS DISTINCT FROM ({before}))"),
        func="""
            RAISE EXCEPTION 'what a % says is fixed', TG_TABLE_NAME
                USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
        """,
    )
