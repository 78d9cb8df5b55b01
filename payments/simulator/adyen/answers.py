"""What every request of Adyen's API goes through: its key checked, itself counted, errors answered in Adyen's form."""

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from payments.simulator.adyen.errors import api_error
from payments.simulator.errors import ApiError
from payments.simulator.store import Store

API = "/adyen/v"


def of_api(store: Store) -> Middleware:
    """Return the middleware of the addresses of Adyen's API, of whatever version."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith(API):
            return await handler(request)
        store.count("requests")
        try:
            if not request.headers.get("X-API-Key"):
                raise api_error(401, "000", "HTTP Status Response - Unauthorized", "security")
            return await handler(request)
        except ApiError as error:
            return web.json_response(error.body, status=error.status, headers=error.headers)
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
            missing = api_error(404, "000", f"There is no {request.method} {request.path}", "internal")
            return web.json_response(missing.body, status=missing.status)

    return middleware
