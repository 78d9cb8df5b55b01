"""The HTTP side: Stripe's addresses with their idempotency, and the control addresses under /_simulator/."""

import asyncio
import json
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from payments.simulator.faults import SLOW_SECONDS, Fault, Faults
from payments.simulator.forms import parse_form
from payments.simulator.store import Document, Store
from payments.simulator.stripe_api import ApiError, StripeApi
from payments.simulator.webhooks import Webhooks

_SEARCH = re.compile(r"metadata\['(?P<name>\w+)'\]:'(?P<value>[^']*)'")

type Step = Callable[[dict[str, Any]], Document]
type HttpHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """One simulated PSP account."""

    def __init__(self, *, store: Store, webhooks: Webhooks, faults: Faults, base_url: str) -> None:
        self.store = store
        self.webhooks = webhooks
        self.faults = faults
        self.clock_offset_seconds = 0
        self._events: list[Document] = []
        self._at_work: set[str] = set()
        self._met_fault: set[str] = set()
        self.stripe = StripeApi(store, base_url=base_url, now=self.now, emit=self._events.append)

    def now(self) -> int:
        """Return the virtual time in epoch seconds."""
        return int(time.time()) + self.clock_offset_seconds

    def routes(self) -> list[web.RouteDef]:
        """Return Stripe's addresses."""
        stripe = self.stripe
        return [
            web.get("/v1/payment_intents/search", self.read(self._search)),
            web.get("/v1/payment_intents/{id}", self.read(lambda request: stripe.intent(request.match_info["id"]))),
            web.get("/v1/refunds/{id}", self.read(lambda request: stripe.refund(request.match_info["id"]))),
            web.get("/v1/events/{id}", self.read(lambda request: stripe.event(request.match_info["id"]))),
            web.get("/v1/events", self.read(lambda _: {"object": "list", "data": self.store.all("event")[::-1]})),
            web.post("/v1/payment_intents", self.write(lambda _: stripe.create_intent)),
            web.post("/v1/payment_intents/{id}/confirm", self.write(self._on_intent(stripe.confirm_intent))),
            web.post("/v1/payment_intents/{id}/capture", self.write(self._on_intent(stripe.capture_intent))),
            web.post(
                "/v1/payment_intents/{id}/cancel",
                self.write(self._on_intent(lambda intent_id, _: stripe.cancel_intent(intent_id))),
            ),
            web.post("/v1/refunds", self.write(lambda _: stripe.create_refund)),
        ]

    def read(self, look: Callable[[web.Request], Document]) -> HttpHandler:
        """Answer a GET."""

        async def handler(request: web.Request) -> web.StreamResponse:
            self.store.count("requests")
            if (refusal := _unauthorised(request)) is not None:
                return refusal
            try:
                return web.json_response(look(request))
            except ApiError as error:
                return web.json_response(error.body, status=error.status)

        return handler

    def write(self, step_of: Callable[[web.Request], Step]) -> HttpHandler:
        """Answer a POST: once per idempotency key, with whatever mishap is its lot."""

        async def handler(request: web.Request) -> web.StreamResponse:
            self.store.count("requests")
            if (refusal := _unauthorised(request)) is not None:
                return refusal
            body = await request.text()
            # Without a key each request is its own: Stripe's SDKs make one up, other clients may not.
            key = request.headers.get("Idempotency-Key") or secrets.token_hex(16)
            told = f"{request.path}?{body}"
            if (known := self._known(key, told)) is not None:
                return known
            params = parse_form(body)
            first_time = key not in self._met_fault
            fault = self.faults.draw(token=params.get("payment_method"), first_time=first_time)
            self._met_fault.add(key)
            if fault is Fault.RESET:
                return _abort(request)
            self._at_work.add(key)
            try:
                await asyncio.sleep(self.faults.delay_seconds)
                status, answer = self._execute(step_of(request), params, key, told, fault)
            finally:
                self._at_work.discard(key)
            if fault is Fault.DROP_REPLY:
                return _abort(request)
            if fault is Fault.SLOW:
                await asyncio.sleep(SLOW_SECONDS)
            return web.json_response(answer, status=status)

        return handler

    def send_events(self) -> None:
        """Hand over what has happened, now that it is written."""
        happened, self._events[:] = list(self._events), []
        for event in happened:
            self.webhooks.take(event)

    def _known(self, key: str, told: str) -> web.Response | None:
        """Answer from memory: the stored reply, or what Stripe says to a key that is misused or in use."""
        if key in self._at_work:
            return _error(409, "idempotency_key_in_use", "Another request with this key is under way.")
        known = self.store.answer(key, now=self.now())
        if known is None:
            return None
        request, status, body = known
        if request != told:
            return _error(400, None, "Keys may only be used with the same parameters.", kind="idempotency_error")
        return web.json_response(body, status=status, headers={"Idempotent-Replayed": "true"})

    def _execute(
        self, step: Step, params: dict[str, Any], key: str, told: str, fault: Fault | None
    ) -> tuple[int, Document]:
        """Run one step and store its answer in the same transaction; a refusal before the start is not stored."""
        self.store.begin()
        try:
            if fault is Fault.ERROR_500:
                raise ApiError(500, "api_error", "api_error", "Something went wrong on our side.")
            status, answer = 200, step(params)
        except ApiError as error:
            status, answer = error.status, error.body
            if status in {400, 404}:
                self._undo()
                return status, answer
        except BaseException:
            self._undo()
            raise
        self.store.keep_answer(key, told, status, answer, now=self.now())
        self.store.commit()
        self.send_events()
        return status, answer

    def _undo(self) -> None:
        self.store.rollback()
        self._events.clear()

    def _search(self, request: web.Request) -> Document:
        match = _SEARCH.fullmatch(request.query.get("query", ""))
        if match is None:
            raise ApiError(400, "invalid_request_error", "invalid_query", "Only metadata['x']:'y' is understood here.")
        found = self.stripe.intents_with(match["name"], match["value"])
        return {"object": "search_result", "data": found, "has_more": False, "url": "/v1/payment_intents/search"}

    @staticmethod
    def _on_intent(step: Callable[[str, dict[str, Any]], Document]) -> Callable[[web.Request], Step]:
        return lambda request: lambda params: step(request.match_info["id"], params)


def _unauthorised(request: web.Request) -> web.Response | None:
    if request.headers.get("Authorization", "").startswith("Bearer "):
        return None
    return _error(401, "api_key_missing", "You did not provide an API key.")


def _error(status: int, code: str | None, message: str, *, kind: str = "invalid_request_error") -> web.Response:
    body = {"error": {"type": kind, "code": code, "message": message}}
    return web.Response(text=json.dumps(body), status=status, content_type="application/json")


def _abort(request: web.Request) -> web.Response:
    """Kill the connection without a word."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
