"""docs/state-machines.md: every table of states, drawn."""

from enum import StrEnum

from checkout import state_machines as checkout
from exactly_once.state_machine import StateMachine
from payments import bank_states, file_states, settlement_states
from payments import state_machines as payments

PAGE = "docs/state-machines.md"

_HEAD = """# State machines

Written by `manage.py state_machines` from the tables in `payments/state_machines.py`, `payments/settlement_states.py`,
`payments/file_states.py`, `payments/bank_states.py` and `checkout/state_machines.py`.
The code asks the same tables, and a trigger on each table of payments refuses every beginning and every transition that
is not drawn here, whoever writes. News that does not fit is either stale (the object is already further: ignored,
logged) or a contradiction (money moved where we had closed the file: the event is parked for a person, nothing is
posted).
"""


def render() -> str:
    """Return the page."""
    modules = (payments, settlement_states, file_states, bank_states, checkout)
    machines = (machine for module in modules for machine in _in_order(module))
    return _HEAD + "".join(_section(machine) for machine in machines)


def _in_order(module: object) -> list[StateMachine[StrEnum]]:
    return [thing for thing in vars(module).values() if isinstance(thing, StateMachine)]


def _section(machine: StateMachine[StrEnum]) -> str:
    notes = f"\n{machine.notes}\n" if machine.notes else ""
    return f"\n## {machine.name}\n\n{machine.purpose}\n\n```mermaid\n{machine.diagram()}\n```\n{notes}"
