"""Adyen, as it is simulated: its addresses under /adyen/, and how its notifications are signed."""

import base64
import hashlib
import hmac
import json

from aiohttp import web
from aiohttp.typedefs import Middleware

from payments.simulator.account import Shared
from payments.simulator.adyen import answers
from payments.simulator.adyen.account import PAYMENT, REFUND, AdyenAccount
from payments.simulator.adyen.bank import Bank
from payments.simulator.adyen.disputes import Disputes
from payments.simulator.adyen.payments import Payments
from payments.simulator.adyen.server import Server
from payments.simulator.protocol import PspProtocol
from payments.simulator.store import Document
from payments.simulator.webhooks import Letter

SIGNED = ("pspReference", "originalReference", "merchantAccountCode", "merchantReference")


class Adyen(PspProtocol):
    """Adyen's part of the simulator."""

    name = AdyenAccount.psp
    default_secret = "00" * 32

    def __init__(self, shared: Shared) -> None:
        self._account = AdyenAccount(shared)
        self._payments = Payments(self._account)

    @staticmethod
    def letter(event: Document, secret: str) -> Letter:
        """Return items, each with its HMAC."""
        signed = [{"NotificationRequestItem": _signed(item, secret)} for item in event["items"]]
        return Letter(json.dumps({"live": "false", "notificationItems": signed}).encode(), {})

    def middleware(self) -> Middleware:
        return answers.of_api(self._account.store)

    def routes(self) -> list[web.RouteDef]:
        parts = (Server(self._account, self._payments), Bank(self._account, self._payments), Disputes(self._account))
        return [route for part in parts for route in part.routes()]

    def charges(self) -> list[Document]:
        return [
            {
                "payment": payment["id"],
                "attempt_id": payment["reference"].removesuffix("-sale").removesuffix("-hold"),
                "amount_minor": payment["amount"]["value"],
                "currency": payment["amount"]["currency"],
                "status": payment["status"],
                "captured_minor": payment["captured"],
                "refunded_minor": payment["refunded"],
            }
            for payment in self._account.store.all(PAYMENT)
        ]

    def refunds(self) -> list[Document]:
        payments = {payment["id"]: payment for payment in self._account.store.all(PAYMENT)}
        return [
            {
                "refund": refund["id"],
                "payment": refund["payment"],
                "amount_minor": refund["amount"],
                "currency": payments[refund["payment"]]["amount"]["currency"],
                "status": refund["status"],
            }
            for refund in self._account.store.all(REFUND)
        ]

    def settle_due(self) -> None:
        self._payments.settle_due()


def _signed(item: Document, secret: str) -> Document:
    """Return an item with its signature: HMAC-SHA256 over what Adyen's docs list, joined by colons."""
    said = [item.get(name, "") for name in SIGNED]
    said += [item["amount"]["value"], item["amount"]["currency"], item["eventCode"], item["success"]]
    text = ":".join(str(each) for each in said)
    digest = hmac.new(bytes.fromhex(secret), text.encode(), hashlib.sha256).digest()
    told = {**item["additionalData"], "hmacSignature": base64.b64encode(digest).decode()}
    return {**item, "additionalData": told}
