"""One merchant account at Adyen, as it is simulated."""

import secrets
from datetime import UTC, datetime
from typing import Any

from payments.simulator.account import Account
from payments.simulator.adyen.errors import unknown_payment
from payments.simulator.store import Document

PAYMENT, REFUND, DUE_REFUND = "adyen_payment", "adyen_refund", "adyen_due_refund"

_LETTERS = "BCDFGHJKLMNPQRSTVWXZ23456789"


def new_reference() -> str:
    """Return a pspReference such as Adyen makes."""
    return "".join(secrets.choice(_LETTERS) for _ in range(16))


class AdyenAccount(Account):
    """Shared by everything that happens at Adyen."""

    psp = "adyen"

    def payment(self, reference: str) -> Document:
        """Return a payment that Adyen has begun.

        :raises ApiError: there is none.
        """
        payment = self.store.get(PAYMENT, reference)
        if payment is None or payment["status"] == "waiting":
            raise unknown_payment()
        return payment

    def tell(
        self, code: str, payment: Document, *, amount: int, success: bool = True, reason: str = "", **told: Any
    ) -> None:
        """Record an item and that it is to be delivered, in the transaction of what it tells."""
        item = {
            "additionalData": {},
            "amount": {"currency": payment["amount"]["currency"], "value": amount},
            "eventCode": code,
            "eventDate": datetime.fromtimestamp(self.now(), UTC).isoformat(),
            "merchantAccountCode": payment["merchantAccount"],
            "merchantReference": payment["reference"],
            "paymentMethod": "visa",
            "pspReference": payment["id"],
            "reason": reason,
            "success": str(success).lower(),
            **told,
        }
        if not self._joins(item):
            self.post(code, lambda: {"items": [item]})

    def _joins(self, item: Document) -> bool:
        """Put the item to what waits in a webhook, where that is asked for and nothing is under way."""
        is_wanted = self.webhooks.only is None or item["eventCode"] in self.webhooks.only
        if not (is_wanted and self.webhooks.hold and self.faults.happens(self.faults.rates.webhook_batch)):
            return False
        waiting = [each for each in self.store.all("delivery") if each["psp"] == self.psp]
        if not waiting:
            return False
        waiting[-1]["event"]["items"].append(item)
        self.store.count("events")
        self.store.put(waiting[-1])
        return True
