"""The error answers of Adyen's API."""

from payments.simulator.errors import ApiError


def api_error(status: int, code: str, message: str, kind: str, *, transient: bool = False) -> ApiError:
    """Return an error in Adyen's form; ``transient``: the same request under the same key may be sent again."""
    body = {"status": status, "errorCode": code, "message": message, "errorType": kind}
    return ApiError(status, body, {"transient-error": "true"} if transient else None)


def invalid(code: str, message: str) -> ApiError:
    """Return the refusal of a request."""
    return api_error(422, code, message, "validation")


def unknown_payment() -> ApiError:
    """Return what is said where a payment that is to be modified is not there."""
    return invalid("167", "Original pspReference required for this operation")


def key_in_use() -> ApiError:
    """Return what is said to a second request under a key while the first is under way."""
    return api_error(422, "704", "request already processed or in progress", "validation", transient=True)


def key_of_another_request() -> ApiError:
    """Return what is said where a key was used for something else. Adyen's docs say nothing of it."""
    return api_error(409, "704", "request already processed or in progress", "internal")


def broken() -> ApiError:
    """Return a 500."""
    return api_error(500, "000", "Internal error", "internal")


def too_many() -> ApiError:
    """Return the refusal of too many requests."""
    return api_error(429, "000", "Too many requests", "security", transient=True)
