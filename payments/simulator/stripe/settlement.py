"""Disputes and payouts: what banks decide, on a test's command, and what the account then tells."""

from typing import Any

from aiohttp import web

from payments.simulator.store import Document
from payments.simulator.stripe import objects
from payments.simulator.stripe.account import StripeAccount
from payments.simulator.stripe.balance import Balance

DISPUTE_FEE = 1500
EVIDENCE_SECONDS = 7 * 24 * 3600
CLOSED = frozenset({"won", "lost", "warning_closed"})
MONEY_IS_GONE = frozenset({"needs_response", "under_review", "lost"})


class Settlement:
    """Steers disputes and payouts. The addresses are no part of Stripe's protocol; the objects and events are."""

    def __init__(self, account: StripeAccount, balance: Balance) -> None:
        self._account = account
        self._balance = balance
        self._store = account.store

    def routes(self) -> list[web.RouteDef]:
        """Return the control addresses."""
        return [
            web.post("/_simulator/stripe/disputes", self.dispute),
            web.post("/_simulator/stripe/payouts", self.payout),
        ]

    async def dispute(self, request: web.Request) -> web.Response:
        """Open a dispute of a ``payment_intent``, or move the one with this ``id``, to a ``status``."""
        told = await request.json()
        with self._store.transaction():
            known = self._store.get("dispute", told.get("id"))
            dispute = known or self._new_dispute(told)
            dispute["status"] = told.get("status", "needs_response")
            self._move_money(dispute)
            self._write(dispute, known)
            kind = "updated" if known else "created"
            self._account.tell(f"charge.dispute.{'closed' if dispute['status'] in CLOSED else kind}", dispute)
        self._account.webhooks.wake()
        return web.json_response(dispute)

    async def payout(self, request: web.Request) -> web.Response:
        """Begin a payout in a ``currency``, of an ``amount`` or of all there is, or move the one with this ``id``.

        To a ``status``. One of all there is counts as automatic: Stripe keeps a list of what went out by it.
        """
        told = await request.json()
        with self._store.transaction():
            known = self._store.get("payout", told.get("id"))
            payout = known or self._new_payout(told)
            was, payout["status"] = payout.get("status"), told.get("status", "pending")
            self._write(payout, known)
            if known is None:
                self._balance.paid_out(payout)
            elif payout["status"] in {"failed", "canceled"} and was != payout["status"]:
                self._balance.returned(payout)
            self._account.tell(f"payout.{_payout_event(payout['status'], is_new=known is None)}", payout)
        self._account.webhooks.wake()
        return web.json_response(payout)

    def _new_dispute(self, told: dict[str, Any]) -> Document:
        intent = self._store.get("payment_intent", told.get("payment_intent"))
        if intent is None:
            raise web.HTTPBadRequest(text="there is no such payment_intent")
        now = self._account.now()
        return {
            "id": objects.new_id("du"),
            "object": "dispute",
            "amount": told.get("amount", intent["amount_received"]),
            "balance_transactions": [],
            "charge": intent["latest_charge"],
            "created": now,
            "currency": intent["currency"],
            "evidence_details": {"due_by": now + EVIDENCE_SECONDS, "has_evidence": False},
            "livemode": False,
            "metadata": {},
            "payment_intent": intent["id"],
            "reason": told.get("reason", "product_not_received"),
        }

    def _move_money(self, dispute: Document) -> None:
        """Take the money, or give it back, where the status says so and the last transaction does not."""
        moved = dispute["balance_transactions"]
        is_gone, is_decided = bool(moved) and moved[-1]["amount"] < 0, dispute["status"] == "won"
        if not is_gone and (dispute["status"] in MONEY_IS_GONE or (is_decided and not moved)):
            fee, is_gone = 0 if moved else DISPUTE_FEE, True
            moved.append(self._balance.disputed(dispute, fee=fee, returned=False))
        if is_gone and is_decided:
            moved.append(self._balance.disputed(dispute, fee=0, returned=True))

    def _new_payout(self, told: dict[str, Any]) -> Document:
        now, currency = self._account.now(), told["currency"].lower()
        amount = told.get("amount", self._balance.available(currency))
        if amount <= 0:
            raise web.HTTPBadRequest(text=f"there is nothing to pay out in {currency}")
        return {
            "id": objects.new_id("po"),
            "object": "payout",
            "amount": amount,
            "arrival_date": now + 2 * 24 * 3600,
            "automatic": "amount" not in told,
            "created": now,
            "currency": currency,
            "livemode": False,
            "metadata": {},
            "reconciliation_status": "completed",
        }

    def _write(self, document: Document, known: Document | None) -> None:
        if known is None:
            self._store.add(document)
        else:
            self._store.put(document)


def _payout_event(status: str, *, is_new: bool) -> str:
    if is_new:
        return "created"
    return status if status in {"paid", "failed", "canceled"} else "updated"
