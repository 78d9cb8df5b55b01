"""The bank's page of a payment: a buyer approves or fails 3-D Secure, and is sent on as Checkout.com does."""

from aiohttp import web

from payments.simulator import bank_page
from payments.simulator.checkoutcom.account import PAYMENT, CheckoutComAccount
from payments.simulator.checkoutcom.payments import Payments
from payments.simulator.store import Document


class ThreeDSecure:
    """Asks and hears the buyer."""

    def __init__(self, account: CheckoutComAccount, payments: Payments) -> None:
        self._account = account
        self._payments = payments

    def routes(self) -> list[web.RouteDef]:
        """Return the bank's addresses."""
        page = "/checkoutcom/3ds/{id}"
        return [web.get(page, self.question), web.post(page, self.answer)]

    async def question(self, request: web.Request) -> web.Response:
        """Show the bank's question, as long as it is open."""
        payment = self._payment(request)
        if payment["status"] != "Pending":
            return bank_page.nothing_to_confirm()
        return bank_page.question(amount_minor=payment["amount"], currency=payment["currency"])

    async def answer(self, request: web.Request) -> web.Response:
        """Take the answer, once, and send the buyer on."""
        approves = await bank_page.approves(request)
        payment = self._payment(request)
        if payment["status"] != "Pending":
            return bank_page.nothing_to_confirm()
        with self._account.store.transaction():
            self._payments.answer_bank(payment, approves=approves)
        self._account.webhooks.wake()
        page = "success_url" if payment["approved"] else "failure_url"
        return bank_page.send_on(payment["_own"]["pages"][page], {"cko-payment-id": payment["id"]})

    def _payment(self, request: web.Request) -> Document:
        payment = self._account.store.get(PAYMENT, request.match_info["id"])
        if payment is None:
            raise web.HTTPNotFound
        return payment
