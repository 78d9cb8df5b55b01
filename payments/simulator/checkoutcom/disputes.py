"""Disputes: what banks decide, on a test's command, and what the account then tells."""

from typing import Any

from aiohttp import web

from payments.simulator.checkoutcom import objects
from payments.simulator.checkoutcom.account import DISPUTE, PAYMENT, CheckoutComAccount
from payments.simulator.checkoutcom.held import Held
from payments.simulator.store import Document

DUE_ON = "2030-12-31T18:00:00+00:00"
# By which events the bank takes the money, once, and by which it gives it back.
TAKEN = frozenset({"evidence_required", "evidence_submitted", "accepted", "expired", "lost", "arbitration_lost"})
GIVEN_BACK = {"won": "RPDW", "canceled": "CBRV", "arbitration_won": "ARBW"}


class Disputes:
    """Steers disputes. The address is no part of Checkout.com's protocol; the events are."""

    def __init__(self, account: CheckoutComAccount, held: Held) -> None:
        self._account = account
        self._held = held
        self._store = account.store

    def routes(self) -> list[web.RouteDef]:
        """Return the control address."""
        return [web.post("/_simulator/checkoutcom/disputes", self.dispute)]

    async def dispute(self, request: web.Request) -> web.Response:
        """Open a dispute of a ``payment``, or go on with the one of this ``id``, by an ``event`` such as ``won``."""
        told = await request.json()
        with self._store.transaction():
            dispute = self._store.get(DISPUTE, told.get("id"))
            if dispute is None:
                dispute = self._new(told)
                self._store.add(dispute, DISPUTE)
            event = told.get("event", "evidence_required")
            self._move(dispute, event)
            self._account.tell(f"dispute_{event}", _shown(dispute))
        self._account.webhooks.wake()
        return web.json_response(_shown(dispute))

    def listed(self, request: web.Request) -> Document:
        """GET /disputes?payment_id=..."""
        payment = request.query.get("payment_id", "")
        found = [_shown(each) for each in self._store.all(DISPUTE) if each["payment_id"] == payment]
        return {"limit": 50, "skip": 0, "total_count": len(found), "data": found}

    def _move(self, dispute: Document, event: str) -> None:
        """Move the money, as the bank does."""
        payment = self._account.payment(dispute["payment_id"])
        if event in TAKEN and not dispute["_taken"]:
            self._held.disputed(payment, dispute["amount"], "ADJM")
        elif event in GIVEN_BACK and dispute["_taken"]:
            self._held.disputed(payment, -dispute["amount"], GIVEN_BACK[event])
        else:
            return
        dispute["_taken"] = not dispute["_taken"]
        self._store.put(dispute)

    def _new(self, told: dict[str, Any]) -> Document:
        payment = self._store.get(PAYMENT, told.get("payment"))
        if payment is None:
            raise web.HTTPBadRequest(text="there is no such payment")
        return {
            "id": objects.new_id("dsp"),
            "date": self._account.moment(),
            "category": "fraudulent",
            "amount": told.get("amount", payment["balances"]["total_captured"]),
            "currency": payment["currency"],
            "reason_code": told.get("reason", "10.4"),
            "payment_id": payment["id"],
            "payment_reference": payment["reference"],
            "evidence_required_by": DUE_ON,
            "_taken": False,
        }


def _shown(dispute: Document) -> Document:
    return {name: value for name, value in dispute.items() if name != "_taken"}
