"""Stripe, as it is simulated: its addresses under /v1/, and how its events are signed."""

import hashlib
import hmac
import json
import time

from aiohttp import web
from aiohttp.typedefs import Middleware

from payments.simulator.account import Shared
from payments.simulator.protocol import PspProtocol
from payments.simulator.store import Document
from payments.simulator.stripe import answers
from payments.simulator.stripe.account import StripeAccount
from payments.simulator.stripe.balance import Balance
from payments.simulator.stripe.payment_intents import PaymentIntents
from payments.simulator.stripe.refunds import Refunds
from payments.simulator.stripe.server import Server
from payments.simulator.stripe.settlement import Settlement
from payments.simulator.stripe.three_d_secure import ThreeDSecure
from payments.simulator.webhooks import Letter


class Stripe(PspProtocol):
    """Stripe's part of the simulator."""

    name = StripeAccount.psp
    default_secret = "whsec_development"  # noqa: S105 - protects nothing

    def __init__(self, shared: Shared) -> None:
        self._account = StripeAccount(shared)
        self._balance = Balance(self._account)
        self._refunds = Refunds(self._account, self._balance)
        self._intents = PaymentIntents(self._account, self._balance)

    @staticmethod
    def letter(event: Document, secret: str) -> Letter:
        """Return an event with its Stripe-Signature."""
        body = json.dumps(event).encode()
        return Letter(body, {"Stripe-Signature": sign(body, secret, int(time.time()))})

    def middleware(self) -> Middleware:
        return answers.of_api(self._account.store)

    def routes(self) -> list[web.RouteDef]:
        parts = (
            Server(self._account, self._balance, self._intents, self._refunds),
            self._balance,
            Settlement(self._account, self._balance),
            ThreeDSecure(self._account, self._intents),
        )
        return [route for part in parts for route in part.routes()]

    def charges(self) -> list[Document]:
        charges = {charge["id"]: charge for charge in self._account.store.all("charge")}
        intents = self._account.store.all("payment_intent")
        return [_in_short(intent, charges.get(intent["latest_charge"])) for intent in intents]

    def refunds(self) -> list[Document]:
        return [
            {
                "refund": refund["id"],
                "payment": refund["payment_intent"],
                "amount_minor": refund["amount"],
                "currency": refund["currency"].upper(),
                "status": refund["status"],
            }
            for refund in self._account.store.all("refund")
        ]

    def settle_due(self) -> None:
        self._refunds.settle_due()
        self._intents.expire_due()


def _in_short(intent: Document, charge: Document | None) -> Document:
    return {
        "payment": intent["id"],
        "attempt_id": intent["metadata"].get("tally_attempt"),
        "amount_minor": intent["amount"],
        "currency": intent["currency"].upper(),
        "status": intent["status"],
        "captured_minor": intent["amount_received"],
        "refunded_minor": charge["amount_refunded"] if charge else 0,
    }


def sign(body: bytes, secret: str, timestamp: int) -> str:
    """Return a Stripe-Signature header: HMAC-SHA256 over ``timestamp.body``."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"
