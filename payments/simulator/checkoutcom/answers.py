"""What every request of the API goes through: its key checked, itself counted, errors in Checkout.com's form."""

import json
import uuid

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from payments.simulator.checkoutcom import errors
from payments.simulator.errors import ApiError
from payments.simulator.store import Store

API = tuple(f"/checkoutcom/{part}" for part in ("payments", "disputes", "reports"))


def of_api(store: Store) -> Middleware:
    """Return the middleware of the API's addresses."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith(API):
            return await handler(request)
        store.count("requests")
        try:
            if not request.headers.get("Authorization", "").startswith("Bearer sk_"):
                raise errors.unauthorized()
            return await handler(request)
        except ApiError as error:
            return _answer(error)
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
            return _answer(errors.not_found())

    return middleware


def _answer(error: ApiError) -> web.Response:
    """Return an error. It has no body where there is nothing to say, and always the request's name."""
    name = str(uuid.uuid4())
    body = json.dumps({"request_id": name, **error.body}) if error.body else None
    kind = "application/json" if body else None
    return web.Response(text=body, status=error.status, content_type=kind, headers={"Cko-Request-Id": name})
