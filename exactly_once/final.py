"""The trigger of rows that come to an end."""

import pgtrigger

from exactly_once.triggers import refuse


def final(*, state: str, columns: tuple[str, ...], unless: str = "false") -> pgtrigger.Trigger:
    """Return a trigger by which a row that has reached ``state`` keeps these columns, whoever asks.

    Its condition is read with the row; until the state is reached an UPDATE pays next to nothing for it.

    :param unless: an SQL condition over OLD and NEW: the one change that is allowed.
    """
    now = ", ".join(f"NEW.{column}" for column in columns)
    before = ", ".join(f"OLD.{column}" for column in columns)
    return refuse(
        name="final",
        operation=pgtrigger.Update,
        condition=pgtrigger.Condition(
            f"OLD.state = '{state}' AND ({now}) IS DISTINCT FROM ({before}) AND ({unless}) IS NOT TRUE"
        ),
        says=f"a % that is {state} is final",
        about="TG_TABLE_NAME",
    )
