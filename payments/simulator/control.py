"""The addresses that tests and the demo steer the simulator by, and its record. No part of any PSP's protocol."""

from typing import Any

from aiohttp import web

from payments.simulator.account import Account
from payments.simulator.refunds import Refunds
from payments.simulator.store import Document
from payments.simulator.webhooks import Webhooks


class Control:
    """Steers one account."""

    def __init__(self, account: Account, webhooks: Webhooks, refunds: Refunds) -> None:
        self._account = account
        self._store = account.store
        self._webhooks = webhooks
        self._refunds = refunds

    def routes(self) -> list[web.RouteDef]:
        """Return the control addresses."""
        return [
            web.get("/_simulator/health", self.health),
            web.get("/_simulator/record", self.record),
            web.delete("/_simulator/data", self.clear),
            web.post("/_simulator/webhooks", self.webhooks),
            web.post("/_simulator/faults", self.faults),
            web.post("/_simulator/clock", self.clock),
        ]

    async def health(self, _request: web.Request) -> web.Response:
        """Say that the simulator is up."""
        return web.json_response({"status": "ok"})

    async def record(self, _request: web.Request) -> web.Response:
        """Return what this PSP knows of every charge: the truth that books are compared with."""
        charges = {charge["id"]: charge for charge in self._store.all("charge")}
        intents = self._store.all("payment_intent")
        return web.json_response(
            {
                "charges": [_in_short(intent, charges.get(intent["latest_charge"])) for intent in intents],
                "refunds": self._store.all("refund"),
                "events": len(self._store.all("event")),
                "deliveries": self._store.count("deliveries", 0),
                "waiting": len(self._store.all("delivery")),
                "requests": self._store.count("requests", 0),
            }
        )

    async def clear(self, _request: web.Request) -> web.Response:
        """Forget everything that was charged, every fault, and that the clock was moved."""
        await self._webhooks.stop()
        self._store.clear()
        self._store.set("clock_offset_seconds", 0)
        self._account.faults.clear()
        return web.json_response({})

    async def webhooks(self, request: web.Request) -> web.Response:
        """Choose the target (``url``, ``secret``), ``mode`` (live or hold), and ``flush`` what waits."""
        command, webhooks = await _command(request), self._webhooks
        if command.get("mode") not in {None, "live", "hold"}:
            raise web.HTTPBadRequest(text="mode is live or hold")
        webhooks.url = command.get("url", webhooks.url)
        webhooks.secret = command.get("secret", webhooks.secret)
        deliveries = 0
        if command.get("flush"):
            deliveries = await webhooks.flush(
                copies=command.get("duplicates", 1),
                shuffle=command.get("shuffle", False),
                seed=command.get("seed", 0),
            )
        if "mode" in command:
            webhooks.hold = command["mode"] == "hold"
        webhooks.resume()
        return web.json_response({"deliveries": deliveries})

    async def faults(self, request: web.Request) -> web.Response:
        """Set how often what goes wrong, or queue what befalls the next requests."""
        command = await _command(request)
        try:
            self._account.faults.queue(command)
        except (TypeError, ValueError) as error:
            raise web.HTTPBadRequest(text=str(error)) from error
        return web.json_response({})

    async def clock(self, request: web.Request) -> web.Response:
        """Move the virtual clock on."""
        moved = (await _command(request)).get("advance_seconds")
        if not isinstance(moved, int):
            raise web.HTTPBadRequest(text="advance_seconds is an integer")
        self._store.set("clock_offset_seconds", self._store.setting("clock_offset_seconds") + moved)
        with self._store.transaction():
            self._refunds.settle_due()
        self._webhooks.wake()
        return web.json_response({"now": self._account.now()})


async def _command(request: web.Request) -> dict[str, Any]:
    try:
        command = await request.json()
    except ValueError as error:
        raise web.HTTPBadRequest(text="a command is JSON") from error
    if not isinstance(command, dict):
        raise web.HTTPBadRequest(text="a command is a JSON object")
    return command


def _in_short(intent: Document, charge: Document | None) -> Document:
    return {
        "payment_intent": intent["id"],
        "attempt_id": intent["metadata"].get("tally_attempt"),
        "amount_minor": intent["amount"],
        "currency": intent["currency"].upper(),
        "status": intent["status"],
        "captured_minor": intent["amount_received"],
        "refunded_minor": charge["amount_refunded"] if charge else 0,
    }
