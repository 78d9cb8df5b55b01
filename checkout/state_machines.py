"""Which states of checkout follow which. Tables only, as in payments/state_machines.py."""

from checkout.states import CartState, OrderState, RedemptionState, ReservationState, SessionState
from exactly_once.state_machine import StateMachine

S, H, C, K = SessionState, ReservationState, OrderState, CartState

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

CART = StateMachine(
    name="Cart",
    purpose="What a buyer has put together so far, without a price of its own.",
    begins={K.OPEN: ""},
    transitions={
        K.OPEN: {
            K.PAYING: "a session of it is being paid",
            K.MERGED: "the guest signed in",
            K.EXPIRED: "nobody came back",
            K.DELETED: "by the client",
        },
        K.PAYING: {
            K.ORDERED: "by the commit of the order",
            K.OPEN: "nothing came of the payment",
            K.SET_ASIDE: "nothing came of it, and the customer has another open cart",
        },
        K.SET_ASIDE: {
            K.PAYING: "a session of it is being paid",
            K.OPEN: "taken up again by the customer, who has no other",
            K.MERGED: "into the customer's open one",
            K.EXPIRED: "nobody came back",
            K.DELETED: "by the client",
        },
        K.ORDERED: {},
        K.MERGED: {},
        K.EXPIRED: {},
        K.DELETED: {},
    },
    notes="""While a session that was made from it is being paid, a cart does not change, and its customer may begin
another one. What has ended without an order is deleted after another `CART_DAYS` days.""",
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
    purpose="What the buyer has paid for, or the bank holds the money of.",
    begins={C.CONFIRMED: "by the commit that captures or authorises its payment, and never otherwise"},
    transitions={
        C.CONFIRMED: {
            C.PROCESSING: "a part is shipped",
            C.SHIPPED: "all that is not canceled is shipped",
            C.MANUAL_REVIEW: "the payment is in trouble",
            C.CANCELED: "all of it is canceled",
        },
        C.PROCESSING: {
            C.SHIPPED: "all that is not canceled is shipped",
            C.MANUAL_REVIEW: "the payment is in trouble",
        },
        C.SHIPPED: {
            C.COMPLETED: "its days are over",
            C.MANUAL_REVIEW: "what was shipped could not be captured, or a refund of what was not kept came back",
        },
        C.MANUAL_REVIEW: {
            C.CONFIRMED: "the payment is in order again, nothing is shipped",
            C.PROCESSING: "in order again, a part is shipped",
            C.SHIPPED: "in order again, or the rest is canceled",
            C.CANCELED: "all of it is canceled, or paid back in the end",
        },
        C.COMPLETED: {C.MANUAL_REVIEW: "a refund of what was not kept came back"},
        C.CANCELED: {C.MANUAL_REVIEW: "its refund came back"},
    },
    notes="""How far an order is follows from the quantities of its lines. In trouble is a payment that a buyer's bank
takes back before all is shipped, one that is no longer held while something is to be shipped, a capture that failed
after its shipment, and a refund of canceled or returned units that came back when nothing is left to ship. It leaves
`manual_review` by evidence that the payment is in order, or as it is canceled. Goods may come back in every state:
that is a return, and no state.""",
)
