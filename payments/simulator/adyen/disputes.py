"""Disputes: what banks decide, on a test's command, and what the account then tells."""

from aiohttp import web

from payments.simulator.adyen.account import AdyenAccount, new_reference
from payments.simulator.errors import ApiError


class Disputes:
    """Steers disputes. The address is no part of Adyen's protocol; the items are."""

    def __init__(self, account: AdyenAccount) -> None:
        self._account = account

    def routes(self) -> list[web.RouteDef]:
        """Return the control address."""
        return [web.post("/_simulator/adyen/disputes", self.dispute)]

    async def dispute(self, request: web.Request) -> web.Response:
        """Tell an ``event`` (such as CHARGEBACK) of the dispute ``id`` (a new one) of a ``payment``."""
        told = await request.json()
        try:
            payment = self._account.payment(str(told.get("payment")))
        except ApiError as error:
            raise web.HTTPBadRequest(text="there is no such payment") from error
        dispute = told.get("id") or new_reference()
        ends = told.get("defense_period_ends_at")
        with self._account.store.transaction():
            self._account.tell(
                told.get("event", "NOTIFICATION_OF_CHARGEBACK"),
                payment,
                amount=told.get("amount", payment["captured"]),
                reason=told.get("reason", "Other Fraud-Card Absent Environment"),
                pspReference=dispute,
                originalReference=payment["id"],
                additionalData={"defensePeriodEndsAt": ends} if ends else {},
            )
        self._account.webhooks.wake()
        return web.json_response({"id": dispute})
