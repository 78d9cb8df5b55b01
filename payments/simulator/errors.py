"""The error answers of Stripe's API."""

from typing import Any

from payments.simulator.store import Document


class ApiError(Exception):
    """An error answer: its HTTP status and its body."""

    def __init__(self, status: int, kind: str, code: str | None, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body: Document = {"error": {"type": kind, "code": code, "message": message, **more}}


def invalid(code: str, message: str, param: str) -> ApiError:
    """Return the refusal of a parameter."""
    return ApiError(400, "invalid_request_error", code, message, param=param)


def missing(kind: str, object_id: str, param: str = "id", status: int = 404) -> ApiError:
    """Return what is said of an object that is not there."""
    return ApiError(status, "invalid_request_error", "resource_missing", f"No such {kind}: '{object_id}'", param=param)


def unexpected_state(intent: Document) -> ApiError:
    """Return what is said where a payment's status does not allow what is asked."""
    message = f"This PaymentIntent's status is {intent['status']}."
    return ApiError(400, "invalid_request_error", "payment_intent_unexpected_state", message, payment_intent=intent)
