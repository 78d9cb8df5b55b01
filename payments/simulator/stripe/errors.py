"""The error answers of Stripe's API."""

from typing import Any

from payments.simulator.errors import ApiError
from payments.simulator.store import Document


def api_error(status: int, kind: str, code: str | None, message: str, **more: Any) -> ApiError:
    """Return an error in Stripe's form."""
    return ApiError(status, {"error": {"type": kind, "code": code, "message": message, **more}})


def invalid(code: str, message: str, param: str) -> ApiError:
    """Return the refusal of a parameter."""
    return api_error(400, "invalid_request_error", code, message, param=param)


def missing(kind: str, object_id: str, param: str = "id", status: int = 404) -> ApiError:
    """Return what is said of an object that is not there."""
    return api_error(status, "invalid_request_error", "resource_missing", f"No such {kind}: '{object_id}'", param=param)


def unexpected_state(intent: Document) -> ApiError:
    """Return what is said where a payment's status does not allow what is asked."""
    message = f"This PaymentIntent's status is {intent['status']}."
    return api_error(400, "invalid_request_error", "payment_intent_unexpected_state", message, payment_intent=intent)


def key_in_use() -> ApiError:
    """Return what is said to a second request under a key while the first is under way."""
    message = "Another request with this key is under way."
    return api_error(409, "idempotency_error", "idempotency_key_in_use", message)


def key_of_another_request() -> ApiError:
    """Return what is said where a key was used for something else."""
    message = "Keys for idempotent requests can only be used with the parameters they were first used with."
    return api_error(400, "idempotency_error", None, message)


def broken() -> ApiError:
    """Return a 500."""
    return api_error(500, "api_error", "api_error", "Something went wrong on our side.")


def too_many() -> ApiError:
    """Return the refusal of too many requests."""
    return api_error(429, "invalid_request_error", "rate_limit", "Too many requests. Please slow down.")
