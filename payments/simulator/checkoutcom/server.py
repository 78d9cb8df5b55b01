"""Checkout.com's addresses, under /checkoutcom/."""

from collections.abc import Callable
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from payments.simulator.checkoutcom import errors, params
from payments.simulator.checkoutcom.account import CheckoutComAccount
from payments.simulator.checkoutcom.actions import Actions
from payments.simulator.checkoutcom.disputes import Disputes
from payments.simulator.checkoutcom.payments import Payments
from payments.simulator.checkoutcom.reports import Reports
from payments.simulator.checkoutcom.tokens import card
from payments.simulator.idempotency import KeyRules
from payments.simulator.store import Document
from payments.simulator.wire import Manners, Wire

type Verb = Callable[[dict[str, Any]], tuple[int, Document]]

MOST_LISTED = 100
# Only what was answered 2xx is remembered (documentation, "Idempotency").
MANNERS = Manners(
    key_header="Cko-Idempotency-Key",
    keys=KeyRules(24 * 3600, errors.too_many, errors.too_many),
    not_stored=frozenset({401, 403, 404, 422, 429, 500}),
    broken=errors.broken,
    too_many=errors.too_many,
)


class Server:
    """Answers for one account."""

    def __init__(
        self, account: CheckoutComAccount, payments: Payments, actions: Actions, disputes: Disputes, reports: Reports
    ) -> None:
        self._payments = payments
        self._actions = actions
        self._disputes = disputes
        self._reports = reports
        self._wire = Wire(account, MANNERS)

    def routes(self) -> list[web.RouteDef]:
        """Return Checkout.com's addresses."""
        payments, actions = self._payments, self._actions
        one = "/checkoutcom/payments/{id}"
        return [
            web.get("/checkoutcom/payments", self._read(self._listed)),
            web.get(one, self._read(lambda request: payments.details(_id(request)))),
            web.get(f"{one}/actions", self._read(lambda request: payments.actions(_id(request)))),
            web.post("/checkoutcom/payments", self._write(lambda _: payments.request)),
            web.post(f"{one}/captures", self._write(_with_id(actions.capture))),
            web.post(f"{one}/voids", self._write(_with_id(actions.void))),
            web.post(f"{one}/refunds", self._write(_with_id(actions.refund))),
            web.get("/checkoutcom/disputes", self._read(self._disputes.listed)),
            web.get("/checkoutcom/reports", self._read(self._reports.listed)),
            web.get("/checkoutcom/reports/{id}", self._read(self._reports.details)),
            web.get("/checkoutcom/reports/{id}/files/{file}", self._read(self._reports.file)),
        ]

    def _read(self, look: Callable[[web.Request], Any]) -> Handler:
        """Answer a GET."""

        async def handler(request: web.Request) -> web.StreamResponse:
            return await self._wire.read(request, lambda: look(request))

        return handler

    def _write(self, verb_of: Callable[[web.Request], Verb]) -> Handler:
        """Answer a POST."""

        async def handler(request: web.Request) -> web.StreamResponse:
            told = params.read(await request.read())
            used = card(params.token(told)) if "source" in told else None
            verb = verb_of(request)
            # Under the same key the same answer comes again, whatever is asked.
            return await self._wire.write(request, lambda: verb(told), asked="", by_token=used.fault if used else None)

        return handler

    def _listed(self, request: web.Request) -> Document:
        limit, skip = _number(request, "limit", 10), _number(request, "skip", 0)
        if not 1 <= limit <= MOST_LISTED:
            raise errors.invalid("limit_invalid")
        return self._payments.listed(request.query.get("reference", ""), limit=limit, skip=skip)


def _with_id(verb: Callable[[str, dict[str, Any]], tuple[int, Document]]) -> Callable[[web.Request], Verb]:
    return lambda request: lambda told: verb(_id(request), told)


def _id(request: web.Request) -> str:
    return request.match_info["id"]


def _number(request: web.Request, name: str, otherwise: int) -> int:
    told = request.query.get(name, str(otherwise))
    if not told.isdecimal():
        raise errors.invalid(f"{name}_invalid")
    return int(told)
