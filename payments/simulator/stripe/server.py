"""Stripe's addresses."""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from payments.simulator.idempotency import KeyRules
from payments.simulator.store import Document
from payments.simulator.stripe import errors, objects
from payments.simulator.stripe.account import StripeAccount
from payments.simulator.stripe.balance import Balance
from payments.simulator.stripe.params import Params, expanded, integer, parse_form
from payments.simulator.stripe.payment_intents import PaymentIntents
from payments.simulator.stripe.refunds import Refunds
from payments.simulator.stripe.tokens import card
from payments.simulator.wire import Manners, Wire

type Verb = Callable[[dict[str, Any]], Document]

_SEARCH = re.compile(r"metadata\['(?P<name>\w+)'\]:'(?P<value>[^']*)'")
MOST_LISTED = 100
MAX_KEY = 255
# Properties that hold an id, and what it may be of.
EXPANDABLE = {"latest_charge": ("charge",), "source": ("charge", "refund", "dispute", "payout")}

MANNERS = Manners(
    key_header="Idempotency-Key",
    keys=KeyRules(24 * 3600, errors.key_in_use, errors.key_of_another_request),
    not_stored=frozenset({400, 404}),
    broken=errors.broken,
    too_many=errors.too_many,
)


class Server:
    """Answers for one account."""

    def __init__(self, account: StripeAccount, balance: Balance, intents: PaymentIntents, refunds: Refunds) -> None:
        self._account = account
        self._balance = balance
        self._intents = intents
        self._refunds = refunds
        self._wire = Wire(account, MANNERS)

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
            web.get("/v1/balance_transactions", self._read(self._balance.listed)),
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
            names = [name for key, name in request.query.items() if key.startswith("expand[")]
            return await self._wire.read(request, lambda: self._expanded(look(request), names))

        return handler

    def _write(self, verb_of: Callable[[web.Request], Verb]) -> Handler:
        """Answer a POST."""

        async def handler(request: web.Request) -> web.StreamResponse:
            told = parse_form((await request.read()).decode(errors="replace"))
            if len(request.headers.get("Idempotency-Key", "")) > MAX_KEY:
                raise errors.invalid("parameter_invalid", f"An idempotency key has at most {MAX_KEY} characters.", "")
            token = told.get("payment_method")
            used = card(token) if isinstance(token, str) else None
            verb, asked = verb_of(request), _what_is_asked(request.path, told)
            names = expanded(told.pop("expand", {}))
            return await self._wire.write(
                request,
                lambda: (200, self._expanded(verb(told), names)),
                asked=asked,
                by_token=used.fault if used else None,
            )

        return handler

    def _expanded(self, document: Document, names: Iterable[str]) -> Document:
        """Return an object, or a list of some, with what it names itself in the place of its id."""
        for name in names:
            here, _, further = name.partition(".")
            if here == "data" and further:
                document = {**document, "data": [self._expanded(each, [further]) for each in document["data"]]}
            elif name in EXPANDABLE and name in document:
                kinds, store = EXPANDABLE[name], self._account.store
                found = (store.get(kind, document[name]) for kind in kinds if document[name] is not None)
                document = {**document, name: next((each for each in found if each is not None), None)}
            else:
                raise errors.invalid("parameter_invalid", f"This property cannot be expanded: {name}", "expand")
        return document

    def _search(self, request: web.Request) -> Document:
        match = _SEARCH.fullmatch(request.query.get("query", ""))
        if match is None:
            raise errors.api_error(
                400, "invalid_request_error", "invalid_query", "Only metadata['x']:'y' is understood here."
            )
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
                raise errors.missing(kind, last, "starting_after", status=400)
        limit = min(integer({"limit": "10", **told}, "limit"), MOST_LISTED)
        return objects.list_of(found[after : after + limit], request.path, has_more=len(found) > after + limit)


def _with_id(verb: Callable[[str, dict[str, Any]], Document]) -> Callable[[web.Request], Verb]:
    return lambda request: lambda params: verb(_id(request), params)


def _id(request: web.Request) -> str:
    return request.match_info["id"]


def _what_is_asked(path: str, told: Params) -> str:
    """Return what two requests have in common if they ask the same, in whatever order."""
    return f"{path} {json.dumps(told, sort_keys=True)}"
