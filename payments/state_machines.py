"""Which states follow which. Tables only: the code asks them, triggers enforce them, docs/state-machines.md draws them.

News that is not in a table is either *stale* (the object is already further) or a *contradiction* (money moved where we
had closed the file). The first is ignored, the second never.
"""

from enum import StrEnum

from exactly_once.state_machine import StateMachine
from payments.states import (
    CLOSED_WITHOUT_MONEY,
    AttemptState,
    BreakState,
    CaptureState,
    DecisionState,
    DisputeState,
    IntentState,
    PayoutState,
    RefundState,
    VoidState,
)

N, A, C, V, R, D, P = IntentState, AttemptState, CaptureState, VoidState, RefundState, DisputeState, PayoutState
B, M = BreakState, DecisionState

INTENT = StateMachine(
    name="Payment intent",
    purpose="What we want to collect.",
    begins={
        N.REQUIRES_PAYMENT_METHOD: "no token yet",
        N.REQUIRES_CONFIRMATION: "a token is known",
        N.PROCESSING: "confirmed at once",
    },
    transitions={
        N.REQUIRES_PAYMENT_METHOD: {
            N.REQUIRES_CONFIRMATION: "a token is given",
            N.PROCESSING: "an attempt begins",
            N.CANCELED: "no longer wanted",
        },
        N.REQUIRES_CONFIRMATION: {N.PROCESSING: "confirmed", N.CANCELED: "no longer wanted"},
        N.PROCESSING: {
            N.SUCCEEDED: "captured",
            N.REQUIRES_CAPTURE: "authorised",
            N.REQUIRES_ACTION: "the buyer must confirm (3-D Secure)",
            N.REQUIRES_PAYMENT_METHOD: "declined, never sent, or expired",
            N.CANCELED: "voided",
        },
        N.REQUIRES_ACTION: {
            N.SUCCEEDED: "captured",
            N.REQUIRES_CAPTURE: "authorised",
            N.REQUIRES_PAYMENT_METHOD: "declined or abandoned",
            N.PROCESSING: "another amount was paid",
            N.CANCELED: "voided",
        },
        N.REQUIRES_CAPTURE: {
            N.SUCCEEDED: "captured",
            N.REQUIRES_PAYMENT_METHOD: "the authorisation expired",
            N.PROCESSING: "another amount was taken",
            N.CANCELED: "voided",
        },
        N.SUCCEEDED: {},
        N.CANCELED: {},
    },
    notes="An intent follows its live attempt. One order has at most one intent that is not `canceled`: a partial "
    "unique index. What was captured and refunded are sums, never states.",
)

ATTEMPT = StateMachine(
    name="Attempt",
    purpose="One try at one PSP.",
    begins={A.SUBMITTED: "committed before a byte is sent", A.SURPLUS: "a second payment at the PSP under one attempt"},
    transitions={
        A.SUBMITTED: {
            A.CAPTURED: "taken at once",
            A.AUTHORIZED: "held",
            A.REQUIRES_ACTION: "the buyer must confirm",
            A.DECLINED: "a definite no",
            A.FAILED_NOT_SENT: "nothing left this machine",
            A.UNKNOWN: "time-out, reset, 5xx, dropped reply",
            A.VOIDED: "canceled at the PSP",
            A.EXPIRED: "ran out at the PSP",
        },
        A.UNKNOWN: {
            A.CAPTURED: "found taken",
            A.AUTHORIZED: "found held",
            A.REQUIRES_ACTION: "found waiting for the buyer",
            A.DECLINED: "found declined",
            A.VOIDED: "found let go of",
            A.EXPIRED: "found expired",
        },
        A.REQUIRES_ACTION: {
            A.CAPTURED: "confirmed and taken",
            A.AUTHORIZED: "confirmed and held",
            A.DECLINED: "refused or abandoned",
            A.UNKNOWN: "another amount was approved",
            A.VOIDED: "let go of",
            A.EXPIRED: "the buyer never came",
        },
        A.AUTHORIZED: {
            A.CAPTURED: "taken, wholly or in part, and the rest let go of",
            A.VOIDED: "let go of",
            A.EXPIRED: "the bank let go of it",
            A.UNKNOWN: "another amount was taken",
        },
        A.CAPTURED: {},
        A.DECLINED: {A.SURPLUS: "money moved after all"},
        A.FAILED_NOT_SENT: {A.SURPLUS: "money moved after all"},
        A.VOIDED: {A.SURPLUS: "money moved after all"},
        A.EXPIRED: {A.SURPLUS: "money moved after all"},
        A.SURPLUS: {},
    },
    notes="""`unknown` ends on evidence only: a look-up at the PSP, a verified webhook, a settlement line, or a decision
that two operators sign. Never on age. While an attempt is `submitted`, `requires_action`, `authorized`, `captured` or
`unknown`, no other attempt of the intent may start: a partial unique index.

*Not sent* (`failed_not_sent`) is believed only while nobody else has asked under the same key. An approval of another
amount or currency than asked is `unknown`, however far the attempt was; once it is settled, it is a contradiction.

`surplus` is money that we did not ask for: a payment that was closed and captured all the same, such as by a late
webhook after another PSP was tried, or a second payment at the PSP under one attempt. It is booked, and let go of or
paid back by itself.""",
)

CAPTURE = StateMachine(
    name="Capture",
    purpose="Money taken out of an authorisation, wholly or in part.",
    begins={C.PENDING: "asked for", C.SUCCEEDED: "with the authorisation, or reported by the PSP"},
    transitions={
        C.PENDING: {C.SUCCEEDED: "taken", C.FAILED: "a definite no"},
        C.SUCCEEDED: {},
        C.FAILED: {},
    },
    notes="The captures of an attempt that have not failed never come to more than it asked for, and one is pending at "
    "a time: a trigger and a partial unique index.",
)

VOID = StateMachine(
    name="Void",
    purpose="An authorisation, or an open 3-D Secure question, let go of.",
    begins={V.PENDING: "asked for"},
    transitions={
        V.PENDING: {V.SUCCEEDED: "let go of", V.FAILED: "taken, declined or expired meanwhile"},
        V.SUCCEEDED: {},
        V.FAILED: {},
    },
    notes="One void of an attempt is pending at a time: a partial unique index. A PSP's no ends nothing by itself: how "
    "the payment stands does.",
)

REFUND = StateMachine(
    name="Refund",
    purpose="Money on its way back to the buyer.",
    begins={R.PENDING: "promised and posted"},
    transitions={
        R.PENDING: {
            R.REQUIRES_ACTION: "the buyer must say where to",
            R.SUCCEEDED: "paid back",
            R.FAILED: "refused",
            R.CANCELED: "called back by us, or at the PSP",
        },
        R.REQUIRES_ACTION: {
            R.SUCCEEDED: "paid back",
            R.FAILED: "refused, or the buyer never said",
            R.CANCELED: "called back at the PSP",
        },
        R.SUCCEEDED: {R.FAILED: "the bank sends it back", R.CANCELED: "called back at the PSP after all"},
        R.FAILED: {},
        R.CANCELED: {},
    },
    notes="The sum of an attempt's refunds that are not `failed` or `canceled` never exceeds what was captured: a "
    "CHECK constraint and a trigger. Once the buyer has acted, a refund stays `requires_action` until it ends: news "
    "comes in any order.",
)

DISPUTE = StateMachine(
    name="Dispute",
    purpose="A buyer's bank wants the money back.",
    begins={
        D.WARNING_NEEDS_RESPONSE: "the bank asks first",
        D.WARNING_UNDER_REVIEW: "answered before we heard of it",
        D.WARNING_CLOSED: "over before we heard of it",
        D.NEEDS_RESPONSE: "the bank takes the money",
        D.UNDER_REVIEW: "answered before we heard of it",
        D.WON: "over before we heard of it",
        D.LOST: "over before we heard of it",
    },
    transitions={
        D.WARNING_NEEDS_RESPONSE: {
            D.WARNING_UNDER_REVIEW: "evidence is sent",
            D.WARNING_CLOSED: "nothing came of it",
            D.NEEDS_RESPONSE: "the bank takes the money",
            D.UNDER_REVIEW: "taken and answered",
            D.WON: "taken and given back",
            D.LOST: "taken for good",
        },
        D.WARNING_UNDER_REVIEW: {
            D.WARNING_CLOSED: "nothing came of it",
            D.NEEDS_RESPONSE: "the bank takes the money",
            D.UNDER_REVIEW: "taken and answered",
            D.WON: "taken and given back",
            D.LOST: "taken for good",
        },
        D.WARNING_CLOSED: {
            D.NEEDS_RESPONSE: "the bank takes the money after all",
            D.UNDER_REVIEW: "taken and answered",
            D.WON: "taken and given back",
            D.LOST: "taken for good",
        },
        D.NEEDS_RESPONSE: {D.UNDER_REVIEW: "evidence is sent", D.WON: "given back", D.LOST: "kept by the buyer"},
        D.UNDER_REVIEW: {
            D.WON: "given back",
            D.LOST: "kept by the buyer",
        },
        D.WON: {D.LOST: "a second chargeback"},
        D.LOST: {D.WON: "reversed in arbitration"},
    },
    notes="A warning moves no money. News of a state that was passed is stale.",
)

PAYOUT = StateMachine(
    name="Payout",
    purpose="Money on its way from the PSP to our bank account.",
    begins={P.PENDING: "planned", P.IN_TRANSIT: "sent", P.PAID: "arrived", P.FAILED: "", P.CANCELED: ""},
    transitions={
        P.PENDING: {P.IN_TRANSIT: "sent", P.PAID: "arrived", P.FAILED: "refused", P.CANCELED: "called back"},
        P.IN_TRANSIT: {P.PAID: "arrived", P.FAILED: "refused", P.CANCELED: "called back"},
        P.PAID: {P.FAILED: "the bank sends it back"},
        P.FAILED: {},
        P.CANCELED: {},
    },
)


BREAK = StateMachine(
    name="Break",
    purpose="Something that a PSP says and that does not fit what we know, until it is known what it was.",
    begins={B.OPEN: "found"},
    transitions={B.OPEN: {B.RESOLVED: "explained, or the PSP says something else by now"}, B.RESOLVED: {}},
    notes="""One finding opens one break, however often it is made: a unique constraint on what it is about. Money that
the PSP has moved stands in `suspense:{psp}` from the commit that opens the break to the one that resolves it. What a
break says never changes, and a resolved one is final: triggers. Its history only grows.""",
)


DECISION = StateMachine(
    name="Decision",
    purpose="What two people hold for true of an attempt that is unknown, on evidence that they name.",
    begins={M.PROPOSED: "by one person"},
    transitions={
        M.PROPOSED: {
            M.APPLIED: "by another one",
            M.REJECTED: "by another one",
            M.WITHDRAWN: "by the same one",
            M.OVERTAKEN: "the PSP has told something new",
        },
        M.APPLIED: {},
        M.REJECTED: {},
        M.WITHDRAWN: {},
        M.OVERTAKEN: {},
    },
    notes="""An attempt has one open proposal at a time (a partial unique index), whose words never change (a trigger).
That the second person is not the first is a CHECK. Applied, it settles the attempt as any evidence does. What the PSP
tells afterwards and what denies it opens a break.""",
)


class Step(StrEnum):
    """What a piece of news means for an attempt."""

    APPLY = "apply"
    STALE = "stale"
    CONTRADICTION = "contradiction"


def step(*, current: AttemptState, news: AttemptState) -> Step:
    """Judge news about an attempt, in whatever order it came.

    Money that moved on an attempt that we had closed without money is a contradiction: somebody must look. That we
    failed to learn anything takes nothing away from what we know.
    """
    if news is A.UNKNOWN and current is not A.SUBMITTED:
        return Step.STALE
    if ATTEMPT.allows(current, news):
        return Step.APPLY
    # A hold that was let go of had been one: news of it comes late. That of its capture would be another matter.
    moved = (A.CAPTURED,) if current in (A.VOIDED, A.EXPIRED) else (A.CAPTURED, A.AUTHORIZED)
    return Step.CONTRADICTION if current in CLOSED_WITHOUT_MONEY and news in moved else Step.STALE
