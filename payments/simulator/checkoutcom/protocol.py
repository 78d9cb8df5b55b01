"""Checkout.com, as it is simulated: its addresses under /checkoutcom/, and how its events are signed."""

import hashlib
import hmac
import json

from aiohttp import web
from aiohttp.typedefs import Middleware

from payments.simulator.account import Shared
from payments.simulator.checkoutcom import answers
from payments.simulator.checkoutcom.account import ACTION, PAYMENT, CheckoutComAccount
from payments.simulator.checkoutcom.actions import Actions
from payments.simulator.checkoutcom.disputes import Disputes
from payments.simulator.checkoutcom.held import Held
from payments.simulator.checkoutcom.payments import Payments
from payments.simulator.checkoutcom.reports import Reports
from payments.simulator.checkoutcom.server import Server
from payments.simulator.checkoutcom.three_d_secure import ThreeDSecure
from payments.simulator.protocol import PspProtocol
from payments.simulator.store import Document
from payments.simulator.webhooks import Letter


class CheckoutCom(PspProtocol):
    """Checkout.com's part of the simulator."""

    name = CheckoutComAccount.psp
    default_secret = "signing-development"  # noqa: S105 - protects nothing

    def __init__(self, shared: Shared) -> None:
        self._account = CheckoutComAccount(shared)
        self._held = Held(self._account)
        self._actions = Actions(self._account, self._held)
        self._payments = Payments(self._account, self._actions, self._held)

    @staticmethod
    def letter(event: Document, secret: str) -> Letter:
        """Return an event with its Cko-Signature: HMAC-SHA256 over its bytes."""
        body = json.dumps(event).encode()
        return Letter(body, {"Cko-Signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()})

    def middleware(self) -> Middleware:
        return answers.of_api(self._account.store)

    def routes(self) -> list[web.RouteDef]:
        disputes, reports = Disputes(self._account, self._held), Reports(self._account, self._held)
        parts = (
            Server(self._account, self._payments, self._actions, disputes, reports),
            self._held,
            disputes,
            reports,
            ThreeDSecure(self._account, self._payments),
        )
        return [route for part in parts for route in part.routes()]

    def charges(self) -> list[Document]:
        return [_in_short(payment) for payment in self._account.store.all(PAYMENT)]

    def refunds(self) -> list[Document]:
        payments = {payment["id"]: payment for payment in self._account.store.all(PAYMENT)}
        return [
            {
                "refund": action["id"],
                "payment": action["payment"],
                "amount_minor": action["amount"],
                "currency": payments[action["payment"]]["currency"],
                "status": {None: "pending", True: "succeeded", False: "failed"}[action.get("approved")],
            }
            for action in self._account.store.all(ACTION)
            if action["type"] == "Refund"
        ]

    def settle_due(self) -> None:
        self._payments.settle_due()


def _in_short(payment: Document) -> Document:
    return {
        "payment": payment["id"],
        "attempt_id": payment["metadata"].get("tally_attempt"),
        "amount_minor": payment["amount"],
        "currency": payment["currency"],
        "status": payment["status"],
        "captured_minor": payment["balances"]["total_captured"],
        "refunded_minor": payment["balances"]["total_refunded"],
    }
