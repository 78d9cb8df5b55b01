"""The trigger of rows that come to an end."""

import pgtrigger


def final(*, state: str, columns: tuple[str, ...], unless: str = "false") -> pgtrigger.Trigger:
    """Return a trigger by which a row that has reached ``state`` keeps these columns, whoever asks.

    Its condition is read with the row; until the state is reached an UPDATE pays next to nothing for it.

    :param unless: an SQL condition over OLD and NEW: the one change that is allowed.
    """
    now = ", ".join(f"NEW.{column}" for column in columns)
    before = ", ".join(f"OLD.{column}" for column in columns)
    return pgtrigger.Trigger(
        name="final",
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        condition=pgtrigger.Condition(
            f"OLD.state = '{state}' AND ({now}) IS DISTINCT FROM ({before}) AND ({unless}) IS NOT TRUE"
        ),
        func=f"""
            RAISE EXCEPTION 'a % that is {state} is final', TG_TABLE_NAME
                USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
        """,
    )
