"""PaymentIntents: what Stripe would do with a request, in the transaction that the server has opened."""

from payments.simulator.store import Document
from payments.simulator.stripe import objects, params
from payments.simulator.stripe.account import StripeAccount
from payments.simulator.stripe.balance import Balance
from payments.simulator.stripe.errors import api_error, invalid, missing, unexpected_state
from payments.simulator.stripe.params import Params
from payments.simulator.stripe.tokens import OWN_CODES, Card, card

MAX_AMOUNT = 99_999_999
AT_CONFIRM = "payment_method return_url off_session"
AT_CREATE = f"amount currency capture_method confirm description metadata payment_method_types {AT_CONFIRM}"
TO_CONFIRM = frozenset({"requires_confirmation", "requires_payment_method"})
NOT_TO_CANCEL = frozenset({"succeeded", "canceled"})


class PaymentIntents:
    """The verbs."""

    def __init__(self, account: StripeAccount, balance: Balance) -> None:
        self._account = account
        self._balance = balance
        self._store = account.store

    def create(self, told: Params) -> Document:
        """POST /v1/payment_intents."""
        params.only(told, AT_CREATE)
        amount = params.integer(told, "amount")
        if not 1 <= amount <= MAX_AMOUNT:
            raise invalid("amount_too_small" if amount < 1 else "amount_too_large", f"Amount: {amount}", "amount")
        intent = objects.new_intent(
            amount=amount,
            currency=params.currency(told),
            created=self._account.now(),
            capture_method=params.choice(told, "capture_method", "automatic automatic_async manual"),
            description=params.optional_text(told, "description"),
            metadata=params.metadata(told),
            payment_method=params.optional_text(told, "payment_method"),
        )
        self._store.add(intent)
        self._account.tell("payment_intent.created", intent)
        if params.choice(told, "confirm", "false true") == "false":
            return intent
        return self.confirm(intent["id"], {name: told[name] for name in AT_CONFIRM.split() if name in told})

    def confirm(self, intent_id: str, told: Params) -> Document:
        """POST /v1/payment_intents/{id}/confirm."""
        params.only(told, AT_CONFIRM)
        intent = self._account.found("payment_intent", intent_id)
        if intent["status"] not in TO_CONFIRM:
            raise unexpected_state(intent)
        intent["payment_method"] = params.optional_text(told, "payment_method") or intent["payment_method"]
        used = self._card(intent)
        if used.asks_first:
            return self._ask_first(intent, params.optional_text(told, "return_url"))
        self._settle(intent, used)
        if error := intent["last_payment_error"]:
            message = {"payment_intent": intent, "payment_method": intent["payment_method"], **error}
            raise api_error(402, message.pop("type"), message.pop("code"), message.pop("message"), **message)
        return intent

    def capture(self, intent_id: str, told: Params) -> Document:
        """POST /v1/payment_intents/{id}/capture."""
        params.only(told, "amount_to_capture")
        intent = self._account.found("payment_intent", intent_id)
        if intent["status"] != "requires_capture":
            raise unexpected_state(intent)
        most = intent["amount_capturable"]
        amount = params.integer(told, "amount_to_capture") if told else most
        if not 1 <= amount <= most:
            raise invalid("amount_too_large", "The capture exceeds what was authorised.", "amount_to_capture")
        charge = self._account.found("charge", intent["latest_charge"])
        self._take(intent, charge, amount)
        self._account.tell("charge.captured", charge)
        return intent

    def cancel(self, intent_id: str, told: Params) -> Document:
        """POST /v1/payment_intents/{id}/cancel."""
        params.only(told, "cancellation_reason")
        intent = self._account.found("payment_intent", intent_id)
        if intent["status"] in NOT_TO_CANCEL:
            raise unexpected_state(intent)
        intent["cancellation_reason"] = params.optional_text(told, "cancellation_reason")
        intent["canceled_at"] = self._account.now()
        return self._move(intent, "canceled", "canceled", amount_capturable=0, next_action=None)

    def answer_bank(self, intent: Document, *, approves: bool) -> None:
        """Go on after 3-D Secure."""
        if approves:
            self._settle(intent, self._card(intent))
        else:
            self._fail(intent, objects.authentication_error())

    def expire_due(self) -> None:
        """Let authorisations run out that nobody has captured in time."""
        for intent in self._store.in_status("payment_intent", "requires_capture"):
            card_details = self._account.found("charge", intent["latest_charge"])["payment_method_details"]["card"]
            if card_details["capture_before"] <= self._account.now():
                intent.update(cancellation_reason="automatic", canceled_at=self._account.now())
                self._move(intent, "canceled", "canceled", amount_capturable=0)

    def search(self, name: str, value: str) -> list[Document]:
        """Return the intents whose metadata has this value, as far as the index has come."""
        newest = self._account.now() - self._account.faults.rates.search_lag_seconds
        found = self._store.with_metadata("payment_intent", name, value)
        return [intent for intent in found if intent["created"] <= newest]

    def _card(self, intent: Document) -> Card:
        if (used := card(intent["payment_method"])) is None:
            raise missing("PaymentMethod", intent["payment_method"], "payment_method", status=400)
        return used

    def _ask_first(self, intent: Document, return_url: str | None) -> Document:
        page = f"{self._account.base_url}/3ds/{intent['id']}"
        redirect = {"url": page, "return_url": return_url}
        action = {"type": "redirect_to_url", "redirect_to_url": redirect}
        return self._move(intent, "requires_action", "requires_action", next_action=action)

    def _settle(self, intent: Document, used: Card) -> None:
        """Ask the bank: take the money, hold it, or hear a no."""
        if used.decline_code is not None:
            self._decline(intent, used.decline_code)
            return
        charge = objects.new_charge(intent, created=self._account.now(), error=None)
        self._store.add(charge)
        intent.update(latest_charge=charge["id"], next_action=None, last_payment_error=None)
        amount = intent["amount"] - used.short_minor
        if intent["capture_method"] == "manual":
            self._move(intent, "requires_capture", "amount_capturable_updated", amount_capturable=amount)
        else:
            self._take(intent, charge, amount)
        self._account.tell("charge.succeeded", charge)

    def _decline(self, intent: Document, code: str) -> None:
        error = objects.payment_error(decline_code=code, own_code=code in OWN_CODES)
        charge = objects.new_charge(intent, created=self._account.now(), error=error)
        self._store.add(charge)
        intent["latest_charge"] = charge["id"]
        self._account.tell("charge.failed", charge)
        method = {"id": intent["payment_method"], "object": "payment_method", "card": objects.CARD, "type": "card"}
        self._fail(intent, {**error, "charge": charge["id"], "payment_method": method})

    def _fail(self, intent: Document, error: Document) -> None:
        """Let the intent wait for another payment method."""
        self._move(intent, "requires_payment_method", "payment_failed", last_payment_error=error, next_action=None)

    def _take(self, intent: Document, charge: Document, amount: int) -> None:
        charge.update(amount_captured=amount, captured=True)
        charge["balance_transaction"] = self._balance.charged(charge, amount)
        self._store.put(charge)
        self._move(intent, "succeeded", "succeeded", amount_received=amount, amount_capturable=0)

    def _move(self, intent: Document, status: str, event: str, **changes: object) -> Document:
        intent.update(changes, status=status)
        self._store.put(intent)
        self._account.tell(f"payment_intent.{event}", intent)
        return intent
