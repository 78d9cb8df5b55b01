"""The bank's page of a PaymentIntent: a buyer approves or fails 3-D Secure, and is sent on as Stripe does."""

from aiohttp import web

from payments.simulator import bank_page
from payments.simulator.store import Document
from payments.simulator.stripe.account import StripeAccount
from payments.simulator.stripe.payment_intents import PaymentIntents


class ThreeDSecure:
    """Asks and hears the buyer."""

    def __init__(self, account: StripeAccount, intents: PaymentIntents) -> None:
        self._account = account
        self._intents = intents

    def routes(self) -> list[web.RouteDef]:
        """Return the bank's addresses."""
        return [web.get("/3ds/{id}", self.question), web.post("/3ds/{id}", self.answer)]

    async def question(self, request: web.Request) -> web.Response:
        """Show the bank's question, as long as it is open."""
        intent = self._intent(request)
        if intent["status"] != "requires_action":
            return bank_page.nothing_to_confirm()
        return bank_page.question(amount_minor=intent["amount"], currency=intent["currency"])

    async def answer(self, request: web.Request) -> web.Response:
        """Take the answer, once, and send the buyer on."""
        approves = await bank_page.approves(request)
        intent = self._intent(request)
        action = intent["next_action"]
        if intent["status"] != "requires_action":
            return bank_page.nothing_to_confirm()
        with self._account.store.transaction():
            self._intents.answer_bank(intent, approves=approves)
        self._account.webhooks.wake()
        told = {
            "payment_intent": intent["id"],
            "payment_intent_client_secret": intent["client_secret"],
            "redirect_status": "failed" if intent["last_payment_error"] else "succeeded",
        }
        return bank_page.send_on(action["redirect_to_url"]["return_url"], told)

    def _intent(self, request: web.Request) -> Document:
        intent = self._account.store.get("payment_intent", request.match_info["id"])
        if intent is None:
            raise web.HTTPNotFound
        return intent
