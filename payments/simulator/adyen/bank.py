"""The bank's page of a payment: a buyer approves or fails 3-D Secure, and is sent on as Adyen does."""

from aiohttp import web

from payments.simulator import bank_page
from payments.simulator.adyen.account import PAYMENT, AdyenAccount
from payments.simulator.adyen.payments import Payments
from payments.simulator.store import Document


class Bank:
    """Asks and hears the buyer."""

    def __init__(self, account: AdyenAccount, payments: Payments) -> None:
        self._account = account
        self._payments = payments

    def routes(self) -> list[web.RouteDef]:
        """Return the bank's addresses."""
        return [web.get("/adyen/3ds/{id}", self.question), web.post("/adyen/3ds/{id}", self.answer)]

    async def question(self, request: web.Request) -> web.Response:
        """Show the bank's question, as long as it is open."""
        payment = self._payment(request)
        if "redirect_result" in payment:
            return bank_page.nothing_to_confirm()
        amount = payment["amount"]
        return bank_page.question(amount_minor=amount["value"], currency=amount["currency"])

    async def answer(self, request: web.Request) -> web.Response:
        """Take the answer, once, and send the buyer on. Nothing is authorised before the merchant says go on."""
        approves = await bank_page.approves(request)
        payment = self._payment(request)
        if "redirect_result" in payment:
            return bank_page.nothing_to_confirm()
        with self._account.store.transaction():
            result = self._payments.answer_bank(payment, approves=approves)
        return bank_page.send_on(payment["returnUrl"], {"redirectResult": result})

    def _payment(self, request: web.Request) -> Document:
        payment = self._account.store.get(PAYMENT, request.match_info["id"])
        if payment is None:
            raise web.HTTPNotFound
        return payment
