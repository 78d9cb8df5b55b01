"""Which states of a settlement line follow which: a table, as those in state_machines.py."""

from exactly_once.state_machine import StateMachine
from payments.states import LineState

L = LineState

SETTLEMENT_LINE = StateMachine(
    name="Settlement line",
    purpose="What a PSP says that it owes us more or less, compared with what we know.",
    begins={L.NEW: "read"},
    transitions={
        L.NEW: {
            L.MATCHED: "it is what we know, or ends what was unknown",
            L.AMOUNT_MISMATCH: "another amount",
            L.CURRENCY_MISMATCH: "another currency",
            L.MISSING_INTERNAL: "we know of no such thing",
            L.DUPLICATE: "another line has settled it",
            L.VOID: "it moves nothing",
        },
        L.MATCHED: {},
        L.AMOUNT_MISMATCH: {
            L.MATCHED: "the PSP has corrected itself, or people have found out",
            L.MISSING_INTERNAL: "looked at again",
            L.DUPLICATE: "looked at again",
        },
        L.CURRENCY_MISMATCH: {L.MATCHED: "people have found out"},
        L.MISSING_INTERNAL: {L.MATCHED: "people have found out"},
        L.DUPLICATE: {L.MATCHED: "people have found out"},
        L.VOID: {},
    },
    notes="""What a line says never changes; the payout that it goes out by may become known later: triggers. A line
that is not what we know has a break, and what nobody can explain of it stands in `suspense:{psp}`. Fees and conversions
are booked in any case: they are the PSP's to decide. A capture, a refund and a payout have one line of a kind: unique
constraints.""",
)
