"""Which states of checkout follow which. Tables only, as in payments/state_machines.py."""

from checkout.states import OrderState, RedemptionState, ReservationState, SessionState
from exactly_once.state_machine import StateMachine

S, H = SessionState, ReservationState

SESSION = StateMachine(
    name="Checkout session",
    purpose="A buyer's cart on its way to an order.",
    begins={S.INCOMPLETE: "no buyer.email yet", S.READY_FOR_COMPLETE: ""},
    transitions={
        S.INCOMPLETE: {S.READY_FOR_COMPLETE: "the buyer is known", S.CANCELED: "", S.EXPIRED: ""},
        S.READY_FOR_COMPLETE: {
            S.INCOMPLETE: "the buyer is taken out",
            S.COMPLETE_IN_PROGRESS: "stock held, attempt submitted",
            S.CANCELED: "",
            S.EXPIRED: "",
        },
        S.COMPLETE_IN_PROGRESS: {
            S.COMPLETED: "captured",
            S.REQUIRES_ESCALATION: "3-D Secure",
            S.READY_FOR_COMPLETE: "declined, or canceled at the PSP",
            S.CANCELED: "paid too late, refunded",
        },
        S.REQUIRES_ESCALATION: {
            S.COMPLETED: "captured",
            S.READY_FOR_COMPLETE: "declined, or canceled at the PSP",
            S.COMPLETE_IN_PROGRESS: "another amount was paid",
            S.CANCELED: "by the buyer, or paid too late",
            S.EXPIRED: "the stock's time is over",
        },
        S.COMPLETED: {},
        S.CANCELED: {},
        S.EXPIRED: {},
    },
    notes="""`complete_in_progress` is also where a session waits while the PSP's outcome is unknown. It is never
cancelled or expired from there: only the outcome ends it. If the stock held for it runs out first, the units go back to
the shelf. What then becomes of a late payment is each product's `late_payment_policy`: it takes them again, and is
refunded in full where they are gone (`sell_again`), or it is refunded in any case (`refund`).""",
)

RESERVATION = StateMachine(
    name="Reservation",
    purpose="Units held for a payment under way, for 15 minutes, and then given to its order.",
    begins={
        H.HELD: "",
        H.CONSUMED: "some of a committed one's units are shipped",
        H.RELEASED: "some of a committed one's units are canceled",
    },
    transitions={
        H.HELD: {
            H.COMMITTED: "given to the order",
            H.RELEASED: "declined or cancelled",
            H.EXPIRED: "its time is over",
        },
        H.COMMITTED: {H.CONSUMED: "shipped", H.RELEASED: "the order, or its line, is canceled"},
        H.CONSUMED: {},
        H.RELEASED: {},
        H.EXPIRED: {},
    },
)

REDEMPTION = StateMachine(
    name="Redemption",
    purpose="A use of a discount, which counts against its limits unless it is released.",
    begins={RedemptionState.HELD: "its session is being paid"},
    transitions={
        RedemptionState.HELD: {
            RedemptionState.REDEEMED: "by the commit of the order",
            RedemptionState.RELEASED: "declined, cancelled, expired, or paid back",
        },
        RedemptionState.REDEEMED: {},
        RedemptionState.RELEASED: {},
    },
)

ORDER = StateMachine(
    name="Order",
    purpose="What the buyer has paid for.",
    begins={OrderState.CONFIRMED: "by the commit that captures its payment, and never otherwise"},
    transitions={OrderState.CONFIRMED: {}},
)
