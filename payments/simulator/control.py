"""The addresses that tests and the demo steer the simulator by, its record, and the page of 3-D Secure."""

from aiohttp import web

from payments.simulator.server import Server
from payments.simulator.store import Document

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>3-D Secure (simulated)</title></head>
<body><main><h1>3-D Secure (simulated)</h1><p>Your bank asks: pay {amount} minor units of {currency}?</p>
<form method="post"><button name="answer" value="approve">Approve</button>
<button name="answer" value="fail">Fail</button></form></main></body></html>
"""


class Control:
    """Steers one server."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def routes(self) -> list[web.RouteDef]:
        """Return the control addresses and the buyer's page."""
        return [
            web.get("/_simulator/health", self.health),
            web.get("/_simulator/record", self.record),
            web.delete("/_simulator/data", self.clear),
            web.post("/_simulator/webhooks", self.webhooks),
            web.post("/_simulator/faults", self.faults),
            web.post("/_simulator/clock", self.clock),
            web.get("/3ds/{id}", self.question),
            web.post("/3ds/{id}", self.answer),
        ]

    async def health(self, _request: web.Request) -> web.Response:
        """Say that the simulator is up."""
        return web.json_response({"status": "ok"})

    async def record(self, _request: web.Request) -> web.Response:
        """Return what this PSP knows of every charge: the truth that books are compared with."""
        store = self._server.store
        return web.json_response(
            {
                "charges": [_charge(intent) for intent in store.all("payment_intent")],
                "refunds": store.all("refund"),
                "events": len(store.all("event")),
                "deliveries": store.counter("deliveries"),
                "requests": store.counter("requests"),
            }
        )

    async def clear(self, _request: web.Request) -> web.Response:
        """Forget everything that was charged, and every fault."""
        self._server.store.clear()
        self._server.clock_offset_seconds = 0
        for name in ("drop_reply", "reset", "error500", "delay_seconds"):
            setattr(self._server.faults, name, 0.0)
        return web.json_response({})

    async def webhooks(self, request: web.Request) -> web.Response:
        """Choose the target, hold or send, and flush what is held."""
        command = await request.json()
        webhooks = self._server.webhooks
        webhooks.url = command.get("url", webhooks.url)
        webhooks.secret = command.get("secret", webhooks.secret)
        deliveries = 0
        if "mode" in command:
            webhooks.hold = command["mode"] == "hold"
        if command.get("flush"):
            deliveries = await webhooks.flush(
                copies=command.get("duplicates", 1),
                shuffle=command.get("shuffle", False),
                seed=command.get("seed", 0),
            )
        return web.json_response({"deliveries": deliveries})

    async def faults(self, request: web.Request) -> web.Response:
        """Set the shares of requests that go wrong."""
        for name, value in (await request.json()).items():
            if name not in {"drop_reply", "reset", "error500", "delay_seconds"}:
                return web.json_response({"error": f"no fault {name}"}, status=400)
            setattr(self._server.faults, name, float(value))
        return web.json_response({})

    async def clock(self, request: web.Request) -> web.Response:
        """Move the virtual clock on."""
        self._server.clock_offset_seconds += int((await request.json())["advance_seconds"])
        return web.json_response({"now": self._server.now()})

    async def question(self, request: web.Request) -> web.Response:
        """Show the buyer the bank's question."""
        intent = self._server.store.get("payment_intent", request.match_info["id"])
        if intent is None:
            raise web.HTTPNotFound
        page = _PAGE.format(amount=intent["amount"], currency=intent["currency"].upper())
        return web.Response(text=page, content_type="text/html")

    async def answer(self, request: web.Request) -> web.Response:
        """Take the buyer's answer and send the buyer on."""
        server, form = self._server, await request.post()
        intent = server.store.get("payment_intent", request.match_info["id"])
        if intent is None:
            raise web.HTTPNotFound
        if intent["status"] == "requires_action":
            server.store.begin()
            if form.get("answer") == "approve":
                server.stripe.approve(intent)
            else:
                server.stripe.decline(intent, "authentication_required")
            server.store.commit()
            server.send_events()
        if intent["return_url"]:
            raise web.HTTPSeeOther(intent["return_url"])
        return web.Response(text="Thank you. You may close this page.")


def _charge(intent: Document) -> Document:
    return {
        "payment_intent": intent["id"],
        "attempt_id": intent["metadata"].get("tally_attempt"),
        "amount_minor": intent["amount"],
        "currency": intent["currency"].upper(),
        "status": intent["status"],
        "captured_minor": intent["amount_received"],
        "refunded_minor": intent["amount_refunded_by_simulator"],
    }
