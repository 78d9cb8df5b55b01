"""Stripe's addresses: each POST once per idempotency key, with whatever mishap is its lot."""

import asyncio
import re
import secrets
from collections.abc import Callable
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from payments.simulator import objects
from payments.simulator.account import Account
from payments.simulator.errors import ApiError, missing
from payments.simulator.faults import SLOW_SECONDS, Fault
from payments.simulator.idempotency import Keys, what_is_asked
from payments.simulator.params import integer, parse_form
from payments.simulator.payment_intents import PaymentIntents
from payments.simulator.refunds import Refunds
from payments.simulator.store import Document
from payments.simulator.tokens import card
from payments.simulator.webhooks import Webhooks

type Step = Callable[[dict[str, Any]], Document]

_SEARCH = re.compile(r"metadata\['(?P<name>\w+)'\]:'(?P<value>[^']*)'")
NOT_STORED = frozenset({400, 404})  # refused before anything was executed
MOST_LISTED = 100


class Server:
    """Answers for one account."""

    def __init__(self, account: Account, webhooks: Webhooks, intents: PaymentIntents, refunds: Refunds) -> None:
        self._account = account
        self._webhooks = webhooks
        self._intents = intents
        self._refunds = refunds
        self._keys = Keys(account)

    def routes(self) -> list[web.RouteDef]:
        """Return Stripe's addresses."""
        intents = self._intents
        return [
            web.get("/v1/payment_intents/search", self._read(self._search)),
            *self._readable("payment_intent"),
            *self._readable("charge"),
            *self._readable("refund"),
            *self._readable("event"),
            *self._readable("dispute"),
            *self._readable("payout"),
            web.post("/v1/payment_intents", self._write(lambda _: intents.create)),
            *(
                web.post(f"/v1/payment_intents/{{id}}/{verb.__name__}", self._write(_with_id(verb)))
                for verb in (intents.confirm, intents.capture, intents.cancel)
            ),
            web.post("/v1/refunds", self._write(lambda _: self._refunds.create)),
        ]

    def _readable(self, kind: str) -> list[web.RouteDef]:
        return [
            web.get(f"/v1/{kind}s", self._read(lambda request: self._listed(kind, request))),
            web.get(f"/v1/{kind}s/{{id}}", self._read(lambda request: self._account.found(kind, _id(request)))),
        ]

    def _read(self, look: Callable[[web.Request], Document]) -> Handler:
        """Answer a GET."""

        async def handler(request: web.Request) -> web.StreamResponse:
            fault = self._account.faults.of_read()
            if fault in {Fault.RESET, Fault.DROP_REPLY}:
                return _abort(request)
            _refuse(fault)
            if fault is Fault.SLOW:
                await asyncio.sleep(SLOW_SECONDS)
            return web.json_response(look(request))

        return handler

    def _write(self, step_of: Callable[[web.Request], Step]) -> Handler:
        """Answer a POST."""

        async def handler(request: web.Request) -> web.StreamResponse:
            params = parse_form((await request.read()).decode(errors="replace"))
            # Without a key each request is its own: Stripe's SDKs make one up, other clients may not.
            key = request.headers.get("Idempotency-Key") or secrets.token_hex(16)
            asked = what_is_asked(request.path, params)
            if (stored := self._keys.stored(key, asked)) is not None:
                status, answer = stored
                return web.json_response(answer, status=status, headers={"Idempotent-Replayed": "true"})
            fault = self._fault(key, params)
            if fault is Fault.RESET:
                return _abort(request)
            with self._keys.in_use(key):
                await asyncio.sleep(self._account.faults.rates.delay_seconds)
                status, answer = self._execute(step_of(request), params, key, asked, fault)
            self._webhooks.wake()
            if fault is Fault.DROP_REPLY:
                return _abort(request)
            if fault is Fault.SLOW:
                await asyncio.sleep(SLOW_SECONDS)
            return web.json_response(answer, status=status)

        return handler

    def _fault(self, key: str, params: dict[str, Any]) -> Fault | None:
        token = params.get("payment_method")
        used = card(token) if isinstance(token, str) else None
        return self._account.faults.of_write(key=key, by_token=used.fault if used else None)

    def _execute(
        self, step: Step, params: dict[str, Any], key: str, asked: str, fault: Fault | None
    ) -> tuple[int, Document]:
        """Run one step and store its answer in the same transaction; a refusal before the start is not stored."""
        if fault is Fault.RATE_LIMIT:
            _refuse(fault)
        with self._account.store.transaction():
            try:
                _refuse(fault)
                status, answer = 200, step(params)
                _refuse(Fault.ERROR_500 if fault is Fault.ERROR_500_AFTER else None)
            except ApiError as error:
                if error.status in NOT_STORED:
                    raise
                status, answer = error.status, error.body
            self._keys.keep(key, asked, status, answer)
        return status, answer

    def _search(self, request: web.Request) -> Document:
        match = _SEARCH.fullmatch(request.query.get("query", ""))
        if match is None:
            raise ApiError(400, "invalid_request_error", "invalid_query", "Only metadata['x']:'y' is understood here.")
        found = self._intents.search(match["name"], match["value"])
        return objects.list_of(found, "/v1/payment_intents/search", kind="search_result")

    def _listed(self, kind: str, request: web.Request) -> Document:
        """Return one page, the newest first."""
        told = request.query
        found = [
            each
            for each in self._account.store.all(kind)[::-1]
            if all(each.get(name) == told[name] for name in ("type", "payment_intent") if name in told)
        ]
        after = 0
        if (last := told.get("starting_after")) is not None:
            after = next((at for at, each in enumerate(found, start=1) if each["id"] == last), 0)
            if not after:
                raise missing(kind, last, "starting_after", status=400)
        limit = min(integer({"limit": "10", **told}, "limit"), MOST_LISTED)
        return objects.list_of(found[after : after + limit], request.path, has_more=len(found) > after + limit)


def _with_id(verb: Callable[[str, dict[str, Any]], Document]) -> Callable[[web.Request], Step]:
    return lambda request: lambda params: verb(_id(request), params)


def _id(request: web.Request) -> str:
    return request.match_info["id"]


def _refuse(fault: Fault | None) -> None:
    if fault is Fault.ERROR_500:
        raise ApiError(500, "api_error", "api_error", "Something went wrong on our side.")
    if fault is Fault.RATE_LIMIT:
        raise ApiError(429, "invalid_request_error", "rate_limit", "Too many requests. Please slow down.")


def _abort(request: web.Request) -> web.Response:
    """Kill the connection without a word."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
