"""The bank's page: a buyer approves or fails 3-D Secure."""

from urllib.parse import urlencode, urlsplit, urlunsplit

from aiohttp import web

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>3-D Secure (simulated)</title><style>body {{ font: 1.1rem system-ui; margin: 3rem auto; max-width: 30rem }}
button {{ font: inherit; padding: .6rem 1.5rem; margin-right: 1rem }}</style></head>
<body><main><h1>3-D Secure (simulated)</h1><p>{text}</p>{form}</main></body></html>
"""
_FORM = """<form method="post"><button name="answer" value="approve">Approve</button>
<button name="answer" value="fail">Fail</button></form>"""


def question(*, amount_minor: int, currency: str) -> web.Response:
    """Return the bank's question."""
    return _page(f"Your bank asks: pay {amount_minor} minor units of {currency.upper()}?", _FORM)


def nothing_to_confirm() -> web.Response:
    """Return what is shown where no question is open."""
    return _page("There is nothing to confirm any more.")


async def approves(request: web.Request) -> bool:
    """Return what the buyer has answered."""
    return (await request.post()).get("answer") == "approve"


def send_on(address: str | None, told: dict[str, str]) -> web.Response:
    """Return the buyer to the merchant, with what the PSP adds to the address.

    :raises HTTPSeeOther: to ``address``, where there is one.
    """
    if not address:
        return _page("Thank you. You may close this page.")
    parts = urlsplit(address)
    query = "&".join(part for part in (parts.query, urlencode(told)) if part)
    raise web.HTTPSeeOther(urlunsplit(parts._replace(query=query)))


def _page(text: str, form: str = "") -> web.Response:
    return web.Response(text=_PAGE.format(text=text, form=form), content_type="text/html")
