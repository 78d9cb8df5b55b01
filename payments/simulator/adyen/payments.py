"""Payments and what is done to them: what Adyen would do with a request, in the transaction that the server opened."""

import secrets
from collections.abc import Mapping
from typing import Any

from payments.simulator.adyen.account import DUE_REFUND, PAYMENT, REFUND, AdyenAccount, new_reference
from payments.simulator.adyen.errors import invalid
from payments.simulator.adyen.tokens import CARDS, NOT_AUTHENTICATED, Card
from payments.simulator.store import Document

type Told = Mapping[str, Any]
type Answer = tuple[int, Document]

REFUND_FAILS_AFTER_SECONDS = 30  # on the virtual clock; at Adyen days later
MAX_REFERENCE = 80
NO_BALANCE = "Insufficient balance on payment"


class Payments:
    """The verbs. Whatever is done to a payment is only taken in: a webhook tells how it ended."""

    def __init__(self, account: AdyenAccount) -> None:
        self._account = account
        self._store = account.store

    def pay(self, told: Told) -> Answer:
        """POST /payments."""
        used = card(told)
        payment = {
            "id": new_reference(),
            "merchantAccount": _text(told, "merchantAccount"),
            "reference": _text(told, "reference"),
            "amount": _amount(told),
            "token": told["paymentMethod"]["storedPaymentMethodId"],
            "returnUrl": _text(told, "returnUrl"),
            "captures": told.get("additionalData", {}).get("manualCapture") != "true",
            "status": "waiting",
            "held": 0,
            "captured": 0,
            "refunded": 0,
            "refusal": None,
        }
        _text(told, "shopperReference")
        self._store.add(payment, PAYMENT)
        if not used.asks_first:
            return self._settle(payment, used)
        page = f"{self._account.base_url}/adyen/3ds/{payment['id']}"
        action = {"type": "redirect", "method": "GET", "paymentMethodType": "scheme", "url": page}
        return 200, {"resultCode": "RedirectShopper", "action": action}

    def details(self, told: Told) -> Answer:
        """POST /payments/details: go on with what the buyer brought back."""
        result = (told.get("details") or {}).get("redirectResult")
        payment = next((each for each in self._store.all(PAYMENT) if each.get("redirect_result") == result), None)
        if payment is None or not result:
            raise invalid("101", "Invalid redirectResult")
        if payment["status"] != "waiting":
            return 200, _reply(payment)
        used = CARDS[payment["token"]]
        return self._settle(payment, used if payment["approved"] else Card(NOT_AUTHENTICATED))

    def answer_bank(self, payment: Document, *, approves: bool) -> str:
        """Note the buyer's answer; return what the browser is to bring back."""
        payment.update(approved=approves, redirect_result=secrets.token_urlsafe(32))
        self._store.put(payment)
        return str(payment["redirect_result"])

    def capture(self, reference: str, told: Told) -> Answer:
        """POST /payments/{reference}/captures."""
        payment, amount = self._account.payment(reference), _amount(told)["value"]
        done = amount <= payment["held"] and not CARDS[payment["token"]].capture_fails
        if done:
            payment.update(held=payment["held"] - amount, captured=payment["captured"] + amount)
            self._store.put(payment)
        return self._taken_in("CAPTURE", payment, told, amount, success=done)

    def cancel(self, reference: str, told: Told) -> Answer:
        """POST /payments/{reference}/cancels: lets go of whatever is still held."""
        payment = self._account.payment(reference)
        done = payment["held"] > 0
        if done:
            payment.update(held=0, status=payment["status"] if payment["captured"] else "cancelled")
            self._store.put(payment)
        why = "Transaction hasn't been authorised, or has been captured"
        return self._taken_in("CANCELLATION", payment, told, payment["amount"]["value"], success=done, reason=why)

    def refund(self, reference: str, told: Told) -> Answer:
        """POST /payments/{reference}/refunds."""
        payment, amount = self._account.payment(reference), _amount(told)["value"]
        used = CARDS[payment["token"]]
        done = amount <= payment["captured"] - payment["refunded"] and not used.refund_is_refused
        refund = {"id": new_reference(), "payment": payment["id"], "amount": amount, "told": dict(told)}
        self._store.add({**refund, "status": "refunded" if done else "refused"}, REFUND)
        if done:
            payment["refunded"] += amount
            self._store.put(payment)
        if done and used.refund_fails_later:
            due = {"id": f"due_{refund['id']}", "refund": refund["id"]}
            self._store.add({**due, "at": self._account.now() + REFUND_FAILS_AFTER_SECONDS}, DUE_REFUND)
        return self._taken_in("REFUND", payment, told, amount, success=done, pspReference=refund["id"])

    def settle_due(self) -> None:
        """Let the banks send back the refunds whose time has come."""
        for due in self._store.all(DUE_REFUND):
            if due["at"] > self._account.now():
                continue
            self._store.remove(DUE_REFUND, due["id"])
            refund = self._store.get(REFUND, due["refund"]) or {}
            payment = self._account.payment(refund["payment"])
            payment["refunded"] -= refund["amount"]
            refund["status"] = "failed"
            self._store.put(payment)
            self._store.put(refund)
            about = {"pspReference": refund["id"], "originalReference": payment["id"]}
            reference = refund["told"].get("reference", payment["reference"])
            self._account.tell(
                "REFUND_FAILED",
                payment,
                amount=refund["amount"],
                reason="Account closed",
                merchantReference=reference,
                **about,
            )

    def _settle(self, payment: Document, used: Card) -> Answer:
        """Ask the bank: take the money, hold it, or hear a no."""
        payment["amount"]["value"] -= used.short_minor
        amount = payment["amount"]["value"]
        if used.refusal is None:
            taken = amount if payment["captures"] else 0
            payment.update(status="authorised", captured=taken, held=amount - taken)
        else:
            payment.update(status="refused", refusal=used.refusal)
        self._store.put(payment)
        why = used.refusal[1] if used.refusal else "033899:1111:03/2030"
        self._account.tell("AUTHORISATION", payment, amount=amount, success=used.refusal is None, reason=why)
        return 200, _reply(payment)

    def _taken_in(
        self,
        code: str,
        payment: Document,
        told: Told,
        amount: int,
        *,
        success: bool,
        reason: str = NO_BALANCE,
        **ids: str,
    ) -> Answer:
        """Answer that a request was taken in, and tell by webhook how it ended."""
        ids = {"pspReference": new_reference(), **ids}
        reference = told.get("reference")
        self._account.tell(
            code,
            payment,
            amount=amount,
            success=success,
            reason="" if success else reason,
            merchantReference=reference or payment["reference"],
            originalReference=payment["id"],
            **ids,
        )
        receipt = {"merchantAccount": payment["merchantAccount"], "paymentPspReference": payment["id"], **ids}
        return 201, {**receipt, "status": "received", **({"reference": reference} if reference else {})}


def card(told: Told) -> Card:
    """Return the card that a payment is to be made with.

    :raises ApiError: there is no such, or its number is in the request.
    """
    method = told.get("paymentMethod")
    if not isinstance(method, dict) or method.get("type") != "scheme" or "number" in method:
        raise invalid("14_004", "Missing payment method details")
    used = CARDS.get(str(method.get("storedPaymentMethodId")))
    if used is None:
        raise invalid("803", "PaymentDetail not found")
    return used


def _reply(payment: Document) -> Document:
    told = {
        "additionalData": {"cardSummary": "1111"},
        "amount": payment["amount"],
        "merchantReference": payment["reference"],
        "paymentMethod": {"brand": "visa", "type": "scheme"},
        "pspReference": payment["id"],
    }
    if payment["refusal"] is None:
        return {**told, "resultCode": "Authorised"}
    code, text = payment["refusal"]
    return {**told, "resultCode": "Refused", "refusalReason": text, "refusalReasonCode": code}


def _text(told: Told, name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not value or (name == "reference" and len(value) > MAX_REFERENCE):
        raise invalid("130" if name == "reference" else "901", f"Required field {name!r} is not provided.")
    return value


def _amount(told: Told) -> Document:
    amount = told.get("amount")
    value, currency = (amount.get("value"), amount.get("currency")) if isinstance(amount, dict) else (None, None)
    if type(value) is not int or value < 1:
        raise invalid("137", "Invalid amount specified")
    if not isinstance(currency, str) or len(currency) != len("EUR"):
        raise invalid("138", "Unsupported currency specified")
    return {"value": value, "currency": currency}
