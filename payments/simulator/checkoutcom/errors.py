"""The error answers of Checkout.com's API."""

from payments.simulator.errors import ApiError


def invalid(code: str, kind: str = "request_invalid") -> ApiError:
    """Return the refusal of a request."""
    return ApiError(422, {"error_type": kind, "error_codes": [code]})


def not_allowed() -> ApiError:
    """Return what is said where a payment's status does not allow what is asked: no word."""
    return ApiError(403, {})


def not_found() -> ApiError:
    """Return what is said of a payment that is not there: no word, either."""
    return ApiError(404, {})


def unauthorized() -> ApiError:
    """Return the refusal of a key."""
    return ApiError(401, {})


def broken() -> ApiError:
    """Return a 500."""
    return ApiError(500, {})


def too_many() -> ApiError:
    """Return the refusal of too many requests, and of a second one under a key while the first is under way."""
    return ApiError(429, {"error_type": "too_many_requests", "error_codes": ["api_calls_quota_exceeded"]})
