"""What every request of the API goes through: its key checked, itself counted, errors answered in Stripe's form."""

import base64
import binascii
import secrets

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from payments.simulator.errors import ApiError
from payments.simulator.store import Store
from payments.simulator.stripe.errors import api_error

SECRET_KEYS = ("sk_", "rk_")


def of_api(store: Store) -> Middleware:
    """Return the middleware of the addresses under /v1/."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith("/v1/"):
            return await handler(request)
        store.count("requests")
        try:
            if not _api_key(request.headers.get("Authorization", "")).startswith(SECRET_KEYS):
                raise api_error(401, "invalid_request_error", None, "Invalid API Key provided.")
            return await handler(request)
        except ApiError as error:
            return _answer(error)
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
            message = f"Unrecognized request URL ({request.method}: {request.path})."
            return _answer(api_error(404, "invalid_request_error", None, message))

    return middleware


def _answer(error: ApiError) -> web.Response:
    return web.json_response(error.body, status=error.status, headers={"Request-Id": f"req_{secrets.token_hex(7)}"})


def _api_key(authorization: str) -> str:
    """Read the key: as a bearer token, or as the user's name of HTTP's basic authentication."""
    kind, _, credentials = authorization.partition(" ")
    if kind == "Bearer":
        return credentials
    try:
        return base64.b64decode(credentials, validate=True).decode() if kind == "Basic" else ""
    except (binascii.Error, UnicodeDecodeError):
        return ""
