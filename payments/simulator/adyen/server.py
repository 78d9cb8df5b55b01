"""Adyen's addresses."""

import json
from collections.abc import Callable
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from payments.simulator.adyen import errors
from payments.simulator.adyen.account import AdyenAccount
from payments.simulator.adyen.payments import Answer, Payments, Told
from payments.simulator.adyen.tokens import CARDS
from payments.simulator.faults import Fault
from payments.simulator.idempotency import KeyRules
from payments.simulator.wire import Manners, Wire

API = r"/adyen/v{version:\d+}"
MAX_KEY = 64

MANNERS = Manners(
    key_header="Idempotency-Key",
    keys=KeyRules(7 * 24 * 3600, errors.key_in_use, errors.key_of_another_request),
    not_stored=frozenset({400, 401, 403, 404, 422}),
    broken=errors.broken,
    too_many=errors.too_many,
)


class Server:
    """Answers for one merchant account."""

    def __init__(self, account: AdyenAccount, payments: Payments) -> None:
        self._payments = payments
        self._wire = Wire(account, MANNERS)

    def routes(self) -> list[web.RouteDef]:
        """Return Adyen's addresses, in whatever version of its API."""
        payments = self._payments
        return [
            web.post(f"{API}/payments", self._write(lambda _, told: payments.pay(told))),
            web.post(f"{API}/payments/details", self._write(lambda _, told: payments.details(told))),
            *(
                web.post(f"{API}/payments/{{reference}}/{verb.__name__}s", self._write(verb))
                for verb in (payments.capture, payments.cancel, payments.refund)
            ),
        ]

    def _write(self, verb: Callable[[str, Told], Answer]) -> Handler:
        async def handler(request: web.Request) -> web.StreamResponse:
            told = _parsed(await request.read())
            if len(request.headers.get("Idempotency-Key", "")) > MAX_KEY:
                raise errors.invalid("000", f"An idempotency key has at most {MAX_KEY} characters.")
            return await self._wire.write(
                request,
                lambda: verb(request.match_info.get("reference", ""), told),
                asked=f"{request.path} {json.dumps(told, sort_keys=True)}",
                by_token=_fault(told),
            )

        return handler


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise errors.api_error(400, "702", "Required object is not provided.", "validation") from error
    if not isinstance(told, dict) or not isinstance(told.get("additionalData", {}), dict):
        raise errors.api_error(400, "702", "Required object is not provided.", "validation")
    return told


def _fault(told: Told) -> Fault | None:
    method = told.get("paymentMethod")
    used = CARDS.get(str(method.get("storedPaymentMethodId"))) if isinstance(method, dict) else None
    return used.fault if used else None
