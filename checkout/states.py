"""The states of checkout sessions, reservations and orders, and the saga's recovery points."""

from enum import StrEnum


class SessionState(StrEnum):
    """The words of the open commerce protocols (UCP, ACP)."""

    INCOMPLETE = "incomplete"
    READY_FOR_COMPLETE = "ready_for_complete"
    COMPLETE_IN_PROGRESS = "complete_in_progress"
    REQUIRES_ESCALATION = "requires_escalation"
    COMPLETED = "completed"
    CANCELED = "canceled"
    EXPIRED = "expired"


# The buyer may still change the cart, pay or walk away.
OPEN_SESSION_STATES = (SessionState.INCOMPLETE, SessionState.READY_FOR_COMPLETE)
# A PSP is or may be at it: only its answer ends these.
PAYING_SESSION_STATES = (SessionState.COMPLETE_IN_PROGRESS, SessionState.REQUIRES_ESCALATION)


class CartState(StrEnum):
    """``open`` until its session is completed, it is added to another cart, is forgotten or thrown away.

    ``paying`` while a session of it is being paid; ``set_aside`` if that came to nothing and the customer has begun
    another one meanwhile.
    """

    OPEN = "open"
    PAYING = "paying"
    SET_ASIDE = "set_aside"
    ORDERED = "ordered"
    MERGED = "merged"
    EXPIRED = "expired"
    DELETED = "deleted"


# They can be changed, and gone to checkout with.
OPEN_CART_STATES = (CartState.OPEN, CartState.SET_ASIDE)
# They came to nothing: nobody needs to know of them for ever.
FORGOTTEN_CART_STATES = (CartState.EXPIRED, CartState.MERGED, CartState.DELETED)


class RecoveryPoint(StrEnum):
    """Where a crashed checkout resumes. Points that share a commit are reached together (docs/adr/0005)."""

    STARTED = "started"
    PAYMENT_SUBMITTED = "payment_submitted"
    DONE = "done"


class ReservationState(StrEnum):
    """``held`` for a payment under way, ``committed`` to an order, ``consumed`` by shipping it.

    Or back on the shelf: ``released``, or ``expired`` while nobody had paid.
    """

    HELD = "held"
    COMMITTED = "committed"
    CONSUMED = "consumed"
    RELEASED = "released"
    EXPIRED = "expired"


# Their units are on the shelf, and spoken for.
LIVE_RESERVATION_STATES = (ReservationState.HELD, ReservationState.COMMITTED)


class MovementKind(StrEnum):
    """Why stock has changed."""

    RECEIVED = "received"
    HELD = "held"
    RELEASED = "released"
    EXPIRED = "expired"
    CONSUMED = "consumed"
    RETURNED = "returned"
    WRITTEN_OFF = "written_off"
    ADJUSTED = "adjusted"


class LatePaymentPolicy(StrEnum):
    """What becomes of a payment that comes after its stock went back to the shelf."""

    SELL_AGAIN = "sell_again"
    REFUND = "refund"


class DiscountKind(StrEnum):
    """What a discount takes off: a share of the goods, an amount of them, or the shipping."""

    PERCENT = "percent"
    AMOUNT = "amount"
    FREE_SHIPPING = "free_shipping"


class RedemptionState(StrEnum):
    """``held`` for a payment under way, ``redeemed`` by an order, or ``released`` for others."""

    HELD = "held"
    REDEEMED = "redeemed"
    RELEASED = "released"


# They count against the limits of a discount.
LIVE_REDEMPTION_STATES = (RedemptionState.HELD, RedemptionState.REDEEMED)


class OrderState(StrEnum):
    """An order exists only once its payment has been captured, or is held to be captured as it is shipped."""

    CONFIRMED = "confirmed"
    PROCESSING = "processing"
    SHIPPED = "shipped"
    COMPLETED = "completed"
    MANUAL_REVIEW = "manual_review"
    CANCELED = "canceled"


class LineStatus(StrEnum):
    """How far a line of an order is, by the quantities of it (the words of UCP)."""

    PROCESSING = "processing"
    PARTIAL = "partial"
    FULFILLED = "fulfilled"
    REMOVED = "removed"


# Units of it can still be shipped.
OPEN_ORDER_STATES = (OrderState.CONFIRMED, OrderState.PROCESSING)


class Disposition(StrEnum):
    """What becomes of goods that came back: on the shelf again, or not to be sold."""

    RESTOCK = "restock"
    WRITE_OFF = "write_off"
