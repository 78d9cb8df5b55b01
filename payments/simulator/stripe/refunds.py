"""Refunds, among them those that the bank decides about later."""

from payments.simulator.store import Document
from payments.simulator.stripe import objects, params
from payments.simulator.stripe.account import StripeAccount
from payments.simulator.stripe.balance import Balance
from payments.simulator.stripe.errors import invalid
from payments.simulator.stripe.params import Params
from payments.simulator.stripe.tokens import Card, card

SETTLES_AFTER_SECONDS = 30  # on the virtual clock; at Stripe "some time later"
FAILURE_REASONS = {"failed": "expired_or_canceled_card", "canceled": "merchant_request"}


class Refunds:
    """The verbs."""

    def __init__(self, account: StripeAccount, balance: Balance) -> None:
        self._account = account
        self._balance = balance
        self._store = account.store

    def create(self, told: Params) -> Document:
        """POST /v1/refunds."""
        params.only(told, "payment_intent amount metadata reason")
        intent = self._account.found("payment_intent", params.text(told, "payment_intent"))
        charge = self._store.get("charge", intent["latest_charge"])
        if charge is None or not charge["captured"]:
            raise invalid("charge_not_refundable", "This PaymentIntent has no charge to refund.", "payment_intent")
        left = charge["amount_captured"] - charge["amount_refunded"]
        amount = params.integer(told, "amount") if "amount" in told else left
        if not left:
            raise invalid("charge_already_refunded", "It has been refunded.", "payment_intent")
        if not 1 <= amount <= left:
            raise invalid("amount_too_large", f"Only {left} is left to refund.", "amount")
        used = card(charge["payment_method"]) or Card()
        refund = objects.new_refund(
            charge,
            amount=amount,
            created=self._account.now(),
            metadata=params.metadata(told),
            reason=params.optional_text(told, "reason"),
            status=used.refund_begins,
        )
        refund["balance_transaction"] = self._balance.refunded(refund, failed=False)
        self._store.add(refund)
        if used.refund_begins != used.refund_ends:
            due = {"id": f"due_{refund['id']}", "refund": refund["id"], "status": used.refund_ends}
            self._store.add({**due, "at": self._account.now() + SETTLES_AFTER_SECONDS}, "due_refund")
        self._count(charge, amount)
        for kind, subject in (("refund.created", refund), ("refund.updated", refund), ("charge.refunded", charge)):
            self._account.tell(kind, subject)
        return refund

    def settle_due(self) -> None:
        """Let the banks decide about the refunds whose time has come."""
        due = [each for each in self._store.all("due_refund") if each["at"] <= self._account.now()]
        for each in due:
            self._store.remove("due_refund", each["id"])
            refund = self._account.found("refund", each["refund"])
            refund["status"] = each["status"]
            if each["status"] in FAILURE_REASONS:
                # The money comes back to the merchant, who may try to refund it again.
                refund["failure_reason"] = FAILURE_REASONS[each["status"]]
                refund["failure_balance_transaction"] = self._balance.refunded(refund, failed=True)
                self._count(self._account.found("charge", refund["charge"]), -refund["amount"])
            self._store.put(refund)
            self._account.tell("refund.updated", refund)
            if each["status"] == "failed":
                self._account.tell("refund.failed", refund)

    def _count(self, charge: Document, amount: int) -> None:
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
        self._store.put(charge)
