"""States and which follow which, as a table: read by the code, enforced by a trigger, drawn for people."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import pgtrigger


@dataclass(frozen=True, slots=True)
class StateMachine[S: StrEnum]:
    """The life of one kind of row.

    :param begins: the states that a new row may have, each with what makes it so.
    :param transitions: from each state to the next ones, each with what makes it so.
    :param notes: what a table cannot say, for people.
    """

    name: str
    purpose: str
    begins: Mapping[S, str]
    transitions: Mapping[S, Mapping[S, str]]
    notes: str = ""

    def allows(self, current: S, news: S) -> bool:
        """Whether ``news`` may follow ``current``."""
        return news in self.transitions.get(current, {})

    @property
    def finals(self) -> frozenset[S]:
        """The states that nothing follows."""
        states = {*self.begins, *(news for row in self.transitions.values() for news in row)}
        return frozenset(state for state in states if not self.transitions.get(state))

    def trigger(self, *, constraint: str) -> pgtrigger.Trigger:
        """Return a trigger that refuses every other beginning and every other transition, whoever writes."""
        begins = ", ".join(f"'{state}'" for state in self.begins)
        steps = ", ".join(f"('{current}', '{news}')" for current, row in self.transitions.items() for news in row)
        return pgtrigger.Trigger(
            name="follows_table",
            # After, so that a CHECK of the table speaks first where both are broken.
            when=pgtrigger.After,
            operation=pgtrigger.Insert | pgtrigger.UpdateOf("state"),  # type: ignore[no-untyped-call]
            func=f"""
            IF (
                CASE TG_OP
                    WHEN 'INSERT' THEN NEW.state NOT IN ({begins})
                    ELSE OLD.state <> NEW.state AND (OLD.state, NEW.state) NOT IN ({steps})
                END
            ) THEN
                RAISE EXCEPTION '% cannot become %',
                    CASE TG_OP WHEN 'INSERT' THEN 'a new row' ELSE OLD.state END, NEW.state
                    USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = '{constraint}';
            END IF;
            RETURN NULL;
            """,
        )

    def diagram(self) -> str:
        """Return the table as a Mermaid state diagram."""
        lines = ["stateDiagram-v2"]
        lines += [_arrow("[*]", state, why) for state, why in self.begins.items()]
        lines += [_arrow(current, news, why) for current, row in self.transitions.items() for news, why in row.items()]
        lines += [_arrow(state, "[*]", "") for state in sorted(self.finals)]
        return "\n    ".join(lines)


def _arrow(current: str, news: str, why: str) -> str:
    return f"{current} --> {news}" + (f": {why}" if why else "")
