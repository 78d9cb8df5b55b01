"""Payments: what Checkout.com would do with a request for one, in the transaction that the server has opened."""

from typing import Any

from payments.simulator.checkoutcom import errors, objects, params
from payments.simulator.checkoutcom.account import ACTION, DUE, PAYMENT, CheckoutComAccount
from payments.simulator.checkoutcom.actions import Actions
from payments.simulator.checkoutcom.held import Held
from payments.simulator.checkoutcom.objects import APPROVED
from payments.simulator.checkoutcom.tokens import Card, card
from payments.simulator.store import Document

KNOWN = (
    "source amount currency capture reference description metadata processing_channel_id success_url failure_url 3ds"
)
ABANDONED_AFTER_SECONDS = 15 * 60  # what the buyer has for 3-D Secure
LET_GO_OF_AFTER_SECONDS = 7 * 24 * 3600  # what nobody captures
NOT_AUTHENTICATED, ABANDONED, TO_BE_ASKED = "20151", "20152", "20154"

type Answer = tuple[int, Document]


class Payments:
    """The verbs."""

    def __init__(self, account: CheckoutComAccount, actions: Actions, held: Held) -> None:
        self._account = account
        self._held = held
        self._store = account.store
        self._actions = actions

    def request(self, told: dict[str, Any]) -> Answer:
        """POST /payments."""
        params.check(told, KNOWN)
        token = params.token(told)
        used = self._card(token)
        payment = objects.new_payment(
            told,
            amount=params.amount(told) - used.short_minor,
            currency=params.currency(told),
            moment=self._account.moment(),
            own={
                "token": token,
                "captures_at_once": params.captures_at_once(told),
                "pages": {name: told.get(name) for name in ("success_url", "failure_url")},
                "requested_at": self._account.now(),
            },
        )
        asks_the_bank = params.asks_the_bank(told)
        self._store.add(payment, PAYMENT)
        if used.asks_first and asks_the_bank:
            self._account.tell("payment_pending", {"id": payment["id"], "reference": payment["reference"]})
            self._account.later("abandon", payment=payment, seconds=ABANDONED_AFTER_SECONDS)
            return 202, objects.pending_answer(payment, base=self._account.base)
        authorization = self._decide(payment, TO_BE_ASKED if used.asks_first else used.response_code)
        answer = objects.answer(payment, authorization, base=self._account.base)
        self._take_at_once(payment)
        return 201, answer

    def answer_bank(self, payment: Document, *, approves: bool) -> None:
        """Decide about a payment as its buyer, and then the bank, has."""
        used = card(payment["_own"]["token"]) or Card()
        self._decide(payment, used.response_code if approves else NOT_AUTHENTICATED)
        self._take_at_once(payment)

    def details(self, payment_id: str) -> Document:
        """GET /payments/{id}."""
        return objects.details(self._account.payment(payment_id), base=self._account.base)

    def actions(self, payment_id: str) -> list[Document]:
        """GET /payments/{id}/actions."""
        return [objects.shown_action(each) for each in self._account.actions_of(self._account.payment(payment_id))]

    def listed(self, reference: str, *, limit: int, skip: int) -> Document:
        """GET /payments?reference=..., the latest first, and as far as the list has come."""
        until = self._account.now() - self._account.faults.rates.search_lag_seconds
        found = [
            objects.details(each, base=self._account.base)
            for each in self._store.all(PAYMENT)[::-1]
            if each["reference"] == reference and each["_own"]["requested_at"] <= until
        ]
        return {"limit": limit, "skip": skip, "total_count": len(found), "data": found[skip : skip + limit]}

    def settle_due(self) -> None:
        """Let happen what was to happen up to now."""
        due = [each for each in self._store.all(DUE) if each["at"] <= self._account.now()]
        for each in due:
            self._store.remove(DUE, each["id"])
            payment = self._account.payment(each["payment"])
            action = self._store.get(ACTION, each["action"])
            match each["what"], action:
                case "abandon", None if payment["status"] == "Pending":
                    self._decide(payment, ABANDONED)
                case "let go of", None:
                    self._actions.let_go_of(payment)
                case "decide", dict():
                    self._actions.decide(action)
                case "come back", dict():
                    self._actions.come_back(action)

    def _card(self, token: str) -> Card:
        """Return the card behind a token, which is good for one payment; an instrument is for many.

        :raises ApiError: there is none, or the token was used.
        """
        found = card(token)
        if found is None:
            raise errors.invalid("source_id_unknown" if token.startswith("src_") else "token_invalid")
        if token.startswith("tok_") and any(each["_own"]["token"] == token for each in self._store.all(PAYMENT)):
            raise errors.invalid("token_used")
        return found

    def _decide(self, payment: Document, code: str) -> Document:
        """Let the bank decide about a payment; return its authorisation."""
        payment["approved"] = code == APPROVED
        payment["status"] = "Authorized" if payment["approved"] else "Declined"
        if payment["approved"]:
            payment["balances"] = objects.balances(payment["amount"])
        self._store.put(payment)
        moment = self._account.moment()
        asked = objects.new_action("Authorization", payment, amount=payment["amount"], told=payment, moment=moment)
        authorization = objects.decided(asked, code, moment=moment)
        self._store.add(authorization, ACTION)
        self._held.authorized(payment, authorization)
        kind = "payment_approved" if payment["approved"] else "payment_declined"
        self._account.tell(kind, objects.event_data(payment, authorization))
        return authorization

    def _take_at_once(self, payment: Document) -> None:
        if not payment["approved"]:
            return
        if payment["_own"]["captures_at_once"]:
            self._actions.begin("Capture", payment, amount=payment["amount"], told={})
        else:
            self._account.later("let go of", payment=payment, seconds=LET_GO_OF_AFTER_SECONDS)
