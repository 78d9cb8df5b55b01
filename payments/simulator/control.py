"""The addresses that tests and the demo steer the simulator by, and its record. No part of any PSP's protocol."""

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from payments.simulator.account import Shared, now_at
from payments.simulator.protocol import PspProtocol


class Control:
    """Steers all PSPs of this process."""

    def __init__(self, shared: Shared, psps: Sequence[PspProtocol]) -> None:
        self._store = shared.store
        self._faults = shared.faults
        self._webhooks = shared.webhooks
        self._psps = psps

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
        """Return what the PSPs know of every charge and refund: the truth that books are compared with."""
        return web.json_response(
            {
                "charges": [{"psp": psp.name, **each} for psp in self._psps for each in psp.charges()],
                "refunds": [{"psp": psp.name, **each} for psp in self._psps for each in psp.refunds()],
                "events": self._store.count("events", 0),
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
        self._faults.clear()
        return web.json_response({})

    async def webhooks(self, request: web.Request) -> web.Response:
        """Choose the target (``base``), the ``events`` it gets, ``mode`` (live or hold), and ``flush`` what waits."""
        command, webhooks = await _command(request), self._webhooks
        if command.get("mode") not in {None, "live", "hold"}:
            raise web.HTTPBadRequest(text="mode is live or hold")
        webhooks.base = command.get("base", webhooks.base)
        if "events" in command:
            webhooks.only = None if command["events"] is None else frozenset(command["events"])
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
            self._faults.queue(command)
        except (TypeError, ValueError) as error:
            raise web.HTTPBadRequest(text=str(error)) from error
        return web.json_response({})

    async def clock(self, request: web.Request) -> web.Response:
        """Move the virtual clock on."""
        moved = (await _command(request)).get("advance_seconds")
        if not isinstance(moved, int):
            raise web.HTTPBadRequest(text="advance_seconds is an integer")
        self._store.set("clock_offset_seconds", self._store.setting("clock_offset_seconds") + moved)
        self.settle_due()
        return web.json_response({"now": now_at(self._store)})

    def settle_due(self) -> None:
        """Let happen what was to happen up to now."""
        with self._store.transaction():
            for psp in self._psps:
                psp.settle_due()
        self._webhooks.wake()


async def _command(request: web.Request) -> dict[str, Any]:
    try:
        command = await request.json()
    except ValueError as error:
        raise web.HTTPBadRequest(text="a command is JSON") from error
    if not isinstance(command, dict):
        raise web.HTTPBadRequest(text="a command is a JSON object")
    return command
