"""The states of what payments keeps. Which follow which: state_machines.py."""

from enum import StrEnum


class IntentState(StrEnum):
    """What we want to collect (Stripe's words)."""

    REQUIRES_PAYMENT_METHOD = "requires_payment_method"
    REQUIRES_CONFIRMATION = "requires_confirmation"
    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    REQUIRES_CAPTURE = "requires_capture"
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"


class AttemptState(StrEnum):
    """One try at one PSP. ``unknown``: we asked and do not know what happened."""

    SUBMITTED = "submitted"
    REQUIRES_ACTION = "requires_action"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    DECLINED = "declined"
    FAILED_NOT_SENT = "failed_not_sent"
    UNKNOWN = "unknown"
    VOIDED = "voided"
    EXPIRED = "expired"
    SURPLUS = "surplus"


class CaptureState(StrEnum):
    """``pending`` until the PSP has said how it ended."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class VoidState(StrEnum):
    """``pending`` until the payment is let go of, or has gone another way."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class VoidReason(StrEnum):
    """Why a payment is let go of: somebody asked for that, or the buyer did not come back from the bank's question."""

    REQUESTED = "requested"
    ABANDONED = "abandoned"


class RefundState(StrEnum):
    """``pending`` until the PSP has said how it ended, or that the buyer has to act first (``requires_action``)."""

    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


class DisputeState(StrEnum):
    """A buyer's bank wants money back (``needs_response``), or asks first (``warning_needs_response``)."""

    WARNING_NEEDS_RESPONSE = "warning_needs_response"
    WARNING_UNDER_REVIEW = "warning_under_review"
    WARNING_CLOSED = "warning_closed"
    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"


class PayoutState(StrEnum):
    """Money on its way from the PSP to our bank account."""

    PENDING = "pending"
    IN_TRANSIT = "in_transit"
    PAID = "paid"
    FAILED = "failed"
    CANCELED = "canceled"


class CircuitState(StrEnum):
    """Of a PSP account: payments go there, or do not, or one goes to see whether the others may (``half_open``)."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class LineKind(StrEnum):
    """What a line of a PSP's settlement is about."""

    CHARGE = "charge"  # a buyer's money was taken
    REFUND = "refund"
    REFUND_FAILURE = "refund_failure"  # a refund came back
    DISPUTE = "dispute"  # a buyer's bank took the money back
    DISPUTE_REVERSAL = "dispute_reversal"  # and returned it
    FEE = "fee"  # by itself; what a charge costs is on the charge's line
    PAYOUT = "payout"
    PAYOUT_RETURN = "payout_return"  # it failed or was called back: the PSP owes it again
    CONVERSION = "conversion"  # of what the PSP owes, by itself
    OTHER = "other"  # for people: corrections, reserves, what a PSP invents


class LineState(StrEnum):
    """What came of comparing a settlement line with what we know."""

    NEW = "new"  # not compared yet
    MATCHED = "matched"
    AMOUNT_MISMATCH = "amount_mismatch"
    CURRENCY_MISMATCH = "currency_mismatch"
    MISSING_INTERNAL = "missing_internal"  # the PSP has it, we do not
    DUPLICATE = "duplicate"  # another line has settled the same
    VOID = "void"  # it moves nothing


class FileKind(StrEnum):
    """What a file says that people upload."""

    ADYEN_SETTLEMENT = "adyen_settlement"
    CAMT053 = "camt053"
    BANK_CSV = "bank_csv"


class FileState(StrEnum):
    """How far a file is imported: whole, or not at all."""

    RECEIVED = "received"  # its rows are being read
    READ = "read"  # all of them are understood
    REFUSED = "refused"  # some are not
    APPLIED = "applied"


class BreakKind(StrEnum):
    """How what a PSP says differs from what we know."""

    AMOUNT_MISMATCH = "amount_mismatch"
    CURRENCY_MISMATCH = "currency_mismatch"
    MISSING_INTERNAL = "missing_internal"  # the PSP has it, we do not
    MISSING_EXTERNAL = "missing_external"  # we have it, the PSP does not
    DUPLICATE = "duplicate"
    CONTRADICTION = "contradiction"  # the PSP denies what we hold for known
    UNEXPLAINED = "unexplained"


class BreakState(StrEnum):
    """``open`` until it is known what it was."""

    OPEN = "open"
    RESOLVED = "resolved"


class BreakResolution(StrEnum):
    """How a break ended."""

    EXPLAINED = "explained"  # people know what it was, and it is in the books as itself
    WRITTEN_OFF = "written_off"  # lost, or won: nobody will find out
    CORRECTED = "corrected"  # it belongs to an account that a person names
    LINKED = "linked"  # another break makes up for it
    REFUNDED = "refunded"  # nobody was owed it: the PSP has paid it back
    SUPERSEDED = "superseded"  # the PSP says something else by now


class DecisionOutcome(StrEnum):
    """How two people say that an attempt ended. Each is an attempt's state of the same name."""

    CAPTURED = "captured"
    AUTHORIZED = "authorized"
    VOIDED = "voided"
    DECLINED = "declined"  # or never happened


class DecisionState(StrEnum):
    """``proposed`` by one person until another one has agreed, or not, or evidence has come."""

    PROPOSED = "proposed"
    APPLIED = "applied"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    OVERTAKEN = "overtaken"


A = AttemptState

# Everything that may still cost or bring money. At most one such attempt per intent: a partial unique index.
LIVE_ATTEMPT_STATES = (A.SUBMITTED, A.REQUIRES_ACTION, A.AUTHORIZED, A.CAPTURED, A.UNKNOWN)

# The PSP owes us an answer (or the buyer does): the sweeper asks.
PENDING_ATTEMPT_STATES = (A.SUBMITTED, A.UNKNOWN, A.REQUIRES_ACTION)

# Those, and authorisations: they are captured, let go of or run out, and news of that may be lost like any other.
# A surplus one is, while it is to be voided.
CHECKED_ATTEMPT_STATES = (*PENDING_ATTEMPT_STATES, A.AUTHORIZED, A.SURPLUS)

# The PSP owes us an answer about them.
OPEN_REFUND_STATES = (RefundState.PENDING, RefundState.REQUIRES_ACTION)

# No money went back, or it came again: another refund may take their amount.
UNPAID_REFUND_STATES = (RefundState.FAILED, RefundState.CANCELED)

# What a PSP moved beyond a payment's captures stays moved, though no break holds it any more.
SETTLED_APART = (
    BreakResolution.WRITTEN_OFF,
    BreakResolution.CORRECTED,
    BreakResolution.LINKED,
    BreakResolution.REFUNDED,
)

# The PSP keeps the money back, or has given it to the buyer.
WITHDRAWN_DISPUTE_STATES = (DisputeState.NEEDS_RESPONSE, DisputeState.UNDER_REVIEW, DisputeState.LOST)

# Of what it keeps back nobody knows yet whose it is.
UNDECIDED_DISPUTE_STATES = (DisputeState.NEEDS_RESPONSE, DisputeState.UNDER_REVIEW)

# Closed, and no money with it. Money that comes all the same is surplus.
CLOSED_WITHOUT_MONEY = (A.DECLINED, A.FAILED_NOT_SENT, A.VOIDED, A.EXPIRED)

INTENT_STATE_OF: dict[AttemptState, IntentState] = {
    A.SUBMITTED: IntentState.PROCESSING,
    A.UNKNOWN: IntentState.PROCESSING,
    A.REQUIRES_ACTION: IntentState.REQUIRES_ACTION,
    A.AUTHORIZED: IntentState.REQUIRES_CAPTURE,
    A.CAPTURED: IntentState.SUCCEEDED,
    A.DECLINED: IntentState.REQUIRES_PAYMENT_METHOD,
    A.FAILED_NOT_SENT: IntentState.REQUIRES_PAYMENT_METHOD,
    A.VOIDED: IntentState.CANCELED,
    A.EXPIRED: IntentState.REQUIRES_PAYMENT_METHOD,
}
