"""The bank's page: a buyer approves or fails 3-D Secure, and is sent on."""

from urllib.parse import urlencode, urlsplit, urlunsplit

from aiohttp import web

from payments.simulator.account import Account
from payments.simulator.payment_intents import PaymentIntents
from payments.simulator.store import Document
from payments.simulator.webhooks import Webhooks

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>3-D Secure (simulated)</title><style>body {{ font: 1.1rem system-ui; margin: 3rem auto; max-width: 30rem }}
button {{ font: inherit; padding: .6rem 1.5rem; margin-right: 1rem }}</style></head>
<body><main><h1>3-D Secure (simulated)</h1><p>{text}</p>{form}</main></body></html>
"""
_FORM = """<form method="post"><button name="answer" value="approve">Approve</button>
<button name="answer" value="fail">Fail</button></form>"""


class ThreeDSecure:
    """Asks and hears the buyer."""

    def __init__(self, account: Account, intents: PaymentIntents, webhooks: Webhooks) -> None:
        self._account = account
        self._intents = intents
        self._webhooks = webhooks

    def routes(self) -> list[web.RouteDef]:
        """Return the bank's addresses."""
        return [web.get("/3ds/{id}", self.question), web.post("/3ds/{id}", self.answer)]

    async def question(self, request: web.Request) -> web.Response:
        """Show the bank's question, as long as it is open."""
        intent = self._intent(request)
        if intent["status"] != "requires_action":
            return _page("There is nothing to confirm any more.")
        asked = f"Your bank asks: pay {intent['amount']} minor units of {intent['currency'].upper()}?"
        return _page(asked, _FORM)

    async def answer(self, request: web.Request) -> web.Response:
        """Take the answer, once, and send the buyer on."""
        approves = (await request.post()).get("answer") == "approve"
        intent = self._intent(request)
        action = intent["next_action"]
        if intent["status"] != "requires_action":
            return _page("There is nothing to confirm any more.")
        with self._account.store.transaction():
            self._intents.answer_bank(intent, approves=approves)
        self._webhooks.wake()
        if back := action["redirect_to_url"]["return_url"]:
            raise web.HTTPSeeOther(_with_outcome(back, intent))
        return _page("Thank you. You may close this page.")

    def _intent(self, request: web.Request) -> Document:
        intent = self._account.store.get("payment_intent", request.match_info["id"])
        if intent is None:
            raise web.HTTPNotFound
        return intent


def _page(text: str, form: str = "") -> web.Response:
    return web.Response(text=_PAGE.format(text=text, form=form), content_type="text/html")


def _with_outcome(address: str, intent: Document) -> str:
    """Add to the address what Stripe adds."""
    told = {
        "payment_intent": intent["id"],
        "payment_intent_client_secret": intent["client_secret"],
        "redirect_status": "failed" if intent["last_payment_error"] else "succeeded",
    }
    parts = urlsplit(address)
    query = "&".join(part for part in (parts.query, urlencode(told)) if part)
    return urlunsplit(parts._replace(query=query))
