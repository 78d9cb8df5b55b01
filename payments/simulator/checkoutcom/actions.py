"""Captures, voids and refunds: taken in at once and decided then, or later, as the card has it."""

from typing import Any

from payments.simulator.checkoutcom import errors, objects, params
from payments.simulator.checkoutcom.account import ACTION, CheckoutComAccount
from payments.simulator.checkoutcom.held import Held
from payments.simulator.checkoutcom.objects import APPROVED
from payments.simulator.checkoutcom.tokens import Card, card
from payments.simulator.store import Document

DECIDED_AFTER_SECONDS = 30  # where the card is slow, and where a refund comes back
OF_A_HOLD = frozenset({"Authorized", "Partially Captured"})
NOT_ANY_MORE = "20109"
CAME_BACK = "20158"

type Answer = tuple[int, Document]


class Actions:
    """The verbs upon a payment."""

    def __init__(self, account: CheckoutComAccount, held: Held) -> None:
        self._account = account
        self._held = held
        self._store = account.store

    def capture(self, payment_id: str, told: dict[str, Any]) -> Answer:
        """POST /payments/{id}/captures."""
        params.check(told, "amount capture_type reference metadata")
        payment = self._account.payment(payment_id)
        left = payment["balances"]["available_to_capture"]
        if payment["status"] not in OF_A_HOLD or not left:
            raise errors.not_allowed()
        too_much = "capture_value_greater_than_remaining_authorized"
        amount = params.amount(told, most=left, otherwise=left, too_much=too_much)
        if told.get("capture_type", "Final") not in {"Final", "NonFinal"}:
            raise errors.invalid("capture_type_invalid")
        return self._accepted("Capture", payment, amount, told)

    def void(self, payment_id: str, told: dict[str, Any]) -> Answer:
        """POST /payments/{id}/voids."""
        params.check(told, "reference metadata")
        payment = self._account.payment(payment_id)
        left = payment["balances"]["available_to_void"]
        if payment["status"] not in OF_A_HOLD or not left:
            raise errors.not_allowed()
        return self._accepted("Void", payment, left, told)

    def refund(self, payment_id: str, told: dict[str, Any]) -> Answer:
        """POST /payments/{id}/refunds."""
        params.check(told, "amount reference metadata")
        payment = self._account.payment(payment_id)
        left = payment["balances"]["available_to_refund"]
        if not left:
            raise errors.not_allowed()
        amount = params.amount(told, most=left, otherwise=left, too_much="amount_exceeds_balance")
        return self._accepted("Refund", payment, amount, told)

    def begin(self, kind: str, payment: Document, *, amount: int, told: dict[str, Any]) -> Document:
        """Take an action in, and decide about it where the card is quick."""
        action = objects.new_action(kind, payment, amount=amount, told=told, moment=self._account.moment())
        self._store.add(action, ACTION)
        if not _card_of(payment).is_slow:
            self.decide(action)
            return action
        if kind != "Void":
            self._account.tell(f"payment_{kind.lower()}_pending", objects.event_data(payment, action))
        self._account.later("decide", payment=payment, seconds=DECIDED_AFTER_SECONDS, action=action)
        return action

    def decide(self, action: Document) -> None:
        """Let the bank decide about an action."""
        payment, kind = self._account.payment(action["payment"]), action["type"]
        balances, used = payment["balances"], _card_of(payment)
        fails = kind == "Capture" and used.captures_fail
        if fails or action["amount"] > balances[f"available_to_{kind.lower()}"]:
            self._note(payment, action, NOT_ANY_MORE, f"payment_{kind.lower()}_declined")
            return
        rest = _move(payment, action)
        if kind == "Capture":
            self._held.captured(payment, action)
        if kind == "Refund":
            self._held.refunded(payment, action)
        done = {"Capture": "captured", "Void": "voided", "Refund": "refunded"}[kind]
        self._note(payment, action, APPROVED, f"payment_{done}")
        if rest:
            self.begin("Void", payment, amount=rest, told={})
        if kind == "Refund" and used.refunds_fail:
            self._account.later("come back", payment=payment, seconds=DECIDED_AFTER_SECONDS, action=action)

    def come_back(self, action: Document) -> None:
        """Let a bank return a refund that had succeeded."""
        payment = self._account.payment(action["payment"])
        balances = payment["balances"]
        balances["total_refunded"] -= action["amount"]
        balances["available_to_refund"] += action["amount"]
        payment["status"] = _status(payment)
        self._held.came_back(payment, action)
        self._note(payment, action, CAME_BACK, "payment_refund_declined")

    def let_go_of(self, payment: Document) -> None:
        """Void what nobody has captured in time."""
        left = payment["balances"]["available_to_void"]
        if payment["status"] in OF_A_HOLD and left:
            self.begin("Void", payment, amount=left, told={})

    def _accepted(self, kind: str, payment: Document, amount: int, told: dict[str, Any]) -> Answer:
        action = self.begin(kind, payment, amount=amount, told=told)
        return 202, objects.accepted(action, base=self._account.base)

    def _note(self, payment: Document, action: Document, code: str, event: str) -> None:
        """Write what was decided, and tell it."""
        self._store.put(payment)
        noted = objects.decided(action, code, moment=self._account.moment())
        self._store.put(noted)
        self._account.tell(event, objects.event_data(payment, noted))


def _move(payment: Document, action: Document) -> int:
    """Count an action into its payment's balances; return what a final capture of a part leaves to let go of."""
    balances, amount = payment["balances"], action["amount"]
    match action["type"]:
        case "Capture":
            balances["total_captured"] += amount
            balances["available_to_refund"] += amount
            balances["available_to_capture"] -= amount
            balances["available_to_void"] -= amount
        case "Void":
            balances["total_voided"] += amount
            balances["available_to_void"] = balances["available_to_capture"] = 0
        case _:
            balances["total_refunded"] += amount
            balances["available_to_refund"] -= amount
    payment["status"] = _status(payment)
    is_last = action["type"] == "Capture" and action["capture_type"] == "Final"
    return int(balances["available_to_void"]) if is_last else 0


def _status(payment: Document) -> str:
    balances = payment["balances"]
    captured, refunded = balances["total_captured"], balances["total_refunded"]
    if refunded:
        return "Refunded" if refunded == captured else "Partially Refunded"
    if captured:
        return "Captured" if captured == balances["total_authorized"] else "Partially Captured"
    return "Voided" if balances["total_voided"] else "Authorized"


def _card_of(payment: Document) -> Card:
    return card(payment["_own"]["token"]) or Card()
