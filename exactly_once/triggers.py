"""Two forms of triggers: one refuses what is asked, one checks what a row has become against other rows."""

from typing import Any

import pgtrigger


def refuse(
    *, name: str, operation: pgtrigger.Operation, says: str, about: str = "", **limits: Any
) -> pgtrigger.Trigger:
    """Return a trigger that refuses this before it is done, whoever asks.

    :param says: the error's text, with a % for each value of ``about``, which is SQL. Never matched: people read it.
    :param limits: what else pgtrigger.Trigger takes, such as a condition.
    """
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=operation,
        **limits,
        func=f"""
            RAISE EXCEPTION {_text(says, about)}
                USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
        """,
    )


def row_check(
    *,
    name: str,
    operation: pgtrigger.Operation,
    fails_if: str,
    says: str,
    about: str,
    constraint: str,
    first: str = "",
    **limits: Any,
) -> pgtrigger.Trigger:
    """Return a trigger that fails as a CHECK of this name does, whoever writes, but may ask other rows.

    :param fails_if: an SQL condition; ``first``: statements before it, such as one that locks.
    :param says: as above.
    """
    before = f"{first}\n            " if first else ""
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.After,
        operation=operation,
        **limits,
        func=f"""
            {before}IF {fails_if} THEN
                RAISE EXCEPTION {_text(says, about)}
                    USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME,
                        CONSTRAINT = '{constraint}';
            END IF;
            RETURN NULL;
        """,
    )


def _text(says: str, about: str) -> str:
    return f"'{says}', {about}" if about else f"'{says}'"
