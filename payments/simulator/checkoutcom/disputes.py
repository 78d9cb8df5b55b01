"""Disputes: what banks decide, on a test's command, and what the account then tells."""

from typing import Any

from aiohttp import web

from payments.simulator.checkoutcom import objects
from payments.simulator.checkoutcom.account import DISPUTE, PAYMENT, CheckoutComAccount
from payments.simulator.store import Document

DUE_ON = "2030-12-31T18:00:00+00:00"


class Disputes:
    """Steers disputes. The address is no part of Checkout.com's protocol; the events are."""

    def __init__(self, account: CheckoutComAccount) -> None:
        self._account = account
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
            self._account.tell(f"dispute_{told.get('event', 'evidence_required')}", dispute)
        self._account.webhooks.wake()
        return web.json_response(dispute)

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
        }
