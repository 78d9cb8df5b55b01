"""What Stripe would do with a request: PaymentIntents, refunds and events, as pure steps over the store."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from payments.simulator.store import Document, Store

API_VERSION = "2026-10-29.clover"

DECLINES = {
    "pm_card_chargeDeclined": "generic_decline",
    "pm_card_visa_chargeDeclined": "generic_decline",
    "pm_card_chargeDeclinedInsufficientFunds": "insufficient_funds",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "insufficient_funds",
}
ACTION_REQUIRED = frozenset({"pm_card_authenticationRequired"})
KNOWN_TOKENS = frozenset({"pm_card_visa", "pm_card_mastercard", *DECLINES, *ACTION_REQUIRED})
OUR_OWN_PREFIX = "pm_tally_"  # tokens that misbehave on the wire (faults.py) and pay like pm_card_visa
MAX_AMOUNT = 99_999_999


class ApiError(Exception):
    """An error answer, in Stripe's form."""

    def __init__(self, status: int, kind: str, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body: Document = {"error": {"type": kind, "code": code, "message": message, **more}}


def new_id(prefix: str) -> str:
    """Return an id such as Stripe makes."""
    return f"{prefix}_{secrets.token_hex(12)}"


class StripeApi:
    """The verbs. ``emit`` hears every event; ``now`` is the virtual clock in epoch seconds."""

    def __init__(
        self, store: Store, *, base_url: str, now: Callable[[], int], emit: Callable[[Document], None]
    ) -> None:
        self._store = store
        self._base_url = base_url
        self._now = now
        self._emit = emit

    def create_intent(self, params: Mapping[str, Any]) -> Document:
        """POST /v1/payment_intents."""
        amount = _integer(params, "amount")
        if not 1 <= amount <= MAX_AMOUNT:
            raise _invalid("parameter_invalid_integer", f"Invalid integer: {amount}", "amount")
        intent: Document = {
            "id": new_id("pi"),
            "object": "payment_intent",
            "amount": amount,
            "amount_capturable": 0,
            "amount_received": 0,
            "amount_refunded_by_simulator": 0,
            "capture_method": params.get("capture_method", "automatic"),
            "created": self._now(),
            "currency": _required(params, "currency"),
            "description": params.get("description"),
            "last_payment_error": None,
            "latest_charge": None,
            "livemode": False,
            "metadata": _metadata(params),
            "next_action": None,
            "payment_method": params.get("payment_method"),
            "return_url": params.get("return_url"),
            "status": "requires_confirmation",
        }
        self._store.put("payment_intent", intent)
        self._event("payment_intent.created", intent)
        return self.confirm_intent(intent["id"], params) if params.get("confirm") == "true" else intent

    def confirm_intent(self, intent_id: str, params: Mapping[str, Any]) -> Document:
        """POST /v1/payment_intents/{id}/confirm."""
        intent = self.intent(intent_id)
        if intent["status"] not in {"requires_confirmation", "requires_payment_method"}:
            raise _unexpected_state(intent)
        token = params.get("payment_method") or intent["payment_method"]
        if token not in KNOWN_TOKENS and not str(token).startswith(OUR_OWN_PREFIX):
            raise _invalid("resource_missing", f"No such PaymentMethod: '{token}'", "payment_method")
        intent["payment_method"] = token
        if token in DECLINES:
            self.decline(intent, DECLINES[token])
            error = intent["last_payment_error"]
            raise ApiError(
                402, "card_error", error["code"], error["message"], **_decline_details(error), payment_intent=intent
            )
        if token in ACTION_REQUIRED:
            return self._require_action(intent)
        return self.approve(intent)

    def approve(self, intent: Document) -> Document:
        """Take or hold the money."""
        intent["latest_charge"] = new_id("ch")
        intent["next_action"] = intent["last_payment_error"] = None
        if intent["capture_method"] == "manual":
            intent["status"], intent["amount_capturable"] = "requires_capture", intent["amount"]
            self._store.put("payment_intent", intent)
            self._event("payment_intent.amount_capturable_updated", intent)
            return intent
        return self._take(intent, intent["amount"])

    def decline(self, intent: Document, decline_code: str) -> Document:
        """Say no: the intent waits for another payment method."""
        intent["status"], intent["next_action"] = "requires_payment_method", None
        intent["last_payment_error"] = {
            "type": "card_error",
            "code": "card_declined",
            "decline_code": decline_code,
            "message": "Your card was declined.",
        }
        self._store.put("payment_intent", intent)
        self._event("payment_intent.payment_failed", intent)
        return intent

    def capture_intent(self, intent_id: str, params: Mapping[str, Any]) -> Document:
        """POST /v1/payment_intents/{id}/capture."""
        intent = self.intent(intent_id)
        if intent["status"] != "requires_capture":
            raise _unexpected_state(intent)
        amount = _integer({"amount_to_capture": intent["amount_capturable"], **params}, "amount_to_capture")
        if not 1 <= amount <= intent["amount_capturable"]:
            raise _invalid("amount_too_large", "The capture exceeds what was authorised.", "amount_to_capture")
        return self._take(intent, amount)

    def cancel_intent(self, intent_id: str) -> Document:
        """POST /v1/payment_intents/{id}/cancel."""
        intent = self.intent(intent_id)
        if intent["status"] in {"succeeded", "canceled"}:
            raise _unexpected_state(intent)
        intent["status"], intent["amount_capturable"], intent["next_action"] = "canceled", 0, None
        self._store.put("payment_intent", intent)
        self._event("payment_intent.canceled", intent)
        return intent

    def create_refund(self, params: Mapping[str, Any]) -> Document:
        """POST /v1/refunds."""
        intent = self.intent(_required(params, "payment_intent"))
        left = intent["amount_received"] - intent["amount_refunded_by_simulator"]
        amount = _integer({"amount": left, **params}, "amount") if left or "amount" in params else 0
        if not 1 <= amount <= left:
            raise _invalid("charge_already_refunded" if not left else "amount_too_large", "Too much.", "amount")
        intent["amount_refunded_by_simulator"] += amount
        self._store.put("payment_intent", intent)
        refund: Document = {
            "id": new_id("re"),
            "object": "refund",
            "amount": amount,
            "charge": intent["latest_charge"],
            "created": self._now(),
            "currency": intent["currency"],
            "metadata": _metadata(params),
            "payment_intent": intent["id"],
            "status": "succeeded",
        }
        self._store.put("refund", refund)
        self._event("refund.created", refund)
        self._event("refund.updated", refund)
        self._event("charge.refunded", _charge(intent))
        return refund

    def intent(self, intent_id: str) -> Document:
        """GET /v1/payment_intents/{id}."""
        return self._found("payment_intent", intent_id)

    def event(self, event_id: str) -> Document:
        """GET /v1/events/{id}."""
        return self._found("event", event_id)

    def refund(self, refund_id: str) -> Document:
        """GET /v1/refunds/{id}."""
        return self._found("refund", refund_id)

    def intents_with(self, name: str, value: str) -> list[Document]:
        """Return the intents whose metadata has this value."""
        return [intent for intent in self._store.all("payment_intent") if intent["metadata"].get(name) == value]

    def _take(self, intent: Document, amount: int) -> Document:
        intent["status"], intent["amount_received"], intent["amount_capturable"] = "succeeded", amount, 0
        self._store.put("payment_intent", intent)
        self._event("payment_intent.succeeded", intent)
        self._event("charge.succeeded", _charge(intent))
        return intent

    def _require_action(self, intent: Document) -> Document:
        intent["status"] = "requires_action"
        url = f"{self._base_url}/3ds/{intent['id']}"
        intent["next_action"] = {
            "type": "redirect_to_url",
            "redirect_to_url": {"url": url, "return_url": intent["return_url"]},
        }
        self._store.put("payment_intent", intent)
        self._event("payment_intent.requires_action", intent)
        return intent

    def _found(self, kind: str, document_id: str) -> Document:
        document = self._store.get(kind, document_id)
        if document is None:
            raise ApiError(404, "invalid_request_error", "resource_missing", f"No such {kind}: '{document_id}'")
        return document

    def _event(self, kind: str, subject: Document) -> None:
        event: Document = {
            "id": new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": self._now(),
            "data": {"object": dict(subject)},
            "livemode": False,
            "type": kind,
        }
        self._store.put("event", event)
        self._emit(event)


def _charge(intent: Document) -> Document:
    return {
        "id": intent["latest_charge"],
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount_received"],
        "amount_refunded": intent["amount_refunded_by_simulator"],
        "currency": intent["currency"],
        "metadata": intent["metadata"],
        "payment_intent": intent["id"],
        "status": "succeeded",
    }


def _metadata(params: Mapping[str, Any]) -> Document:
    metadata = params.get("metadata", {})
    if not isinstance(metadata, dict):
        raise _invalid("parameter_invalid", "Invalid object.", "metadata")
    return metadata


def _decline_details(error: Document) -> Document:
    return {"decline_code": error["decline_code"]}


def _required(params: Mapping[str, Any], name: str) -> str:
    if not params.get(name):
        raise _invalid("parameter_missing", f"Missing required param: {name}.", name)
    return str(params[name])


def _integer(params: Mapping[str, Any], name: str) -> int:
    text = _required(params, name)
    if not text.lstrip("-").isdigit():
        raise _invalid("parameter_invalid_integer", f"Invalid integer: {text}", name)
    return int(text)


def _invalid(code: str, message: str, param: str) -> ApiError:
    return ApiError(400, "invalid_request_error", code, message, param=param)


def _unexpected_state(intent: Document) -> ApiError:
    message = f"This PaymentIntent's status is {intent['status']}."
    return ApiError(400, "invalid_request_error", "payment_intent_unexpected_state", message, payment_intent=intent)
