"""Which states of a bank line follow which: a table, as those in state_machines.py."""

from exactly_once.state_machine import StateMachine
from payments.states import LineState

L = LineState

_FOUND_OUT = {L.MATCHED: "people have found out", L.VOID: "it is about no payout: set aside"}

BANK_LINE = StateMachine(
    name="Bank line",
    purpose="What the bank booked on an account of ours, compared with the payouts of PSPs.",
    begins={L.NEW: "imported"},
    transitions={
        L.NEW: {
            L.MATCHED: "it is a payout that arrived, or that went back",
            L.AMOUNT_MISMATCH: "it names a payout of another amount",
            L.CURRENCY_MISMATCH: "it names a payout in another currency",
            L.MISSING_INTERNAL: "nobody knows by now what it is",
            L.DUPLICATE: "it names a payout that has arrived",
            L.VOID: "it moves nothing, or is about no payout",
        },
        L.MATCHED: {},
        L.AMOUNT_MISMATCH: _FOUND_OUT,
        L.CURRENCY_MISMATCH: _FOUND_OUT,
        L.MISSING_INTERNAL: _FOUND_OUT,
        L.DUPLICATE: _FOUND_OUT,
        L.VOID: {},
    },
    notes="""What a line says never changes, and it is never deleted: triggers. A payout arrives by one line, and goes
back by one: unique constraints. A line that names no payout is matched by a person only, however well it fits.""",
)
