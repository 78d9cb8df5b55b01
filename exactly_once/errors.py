"""The kinds of refusal that every package raises. What HTTP makes of them is config/problem_details.py's business."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FieldError:
    """One input field and the rule that it broke.

    ``pointer`` is a JSON Pointer (RFC 6901) into the request body, for example ``/line_items/0/quantity``.
    """

    pointer: str
    code: str
    detail: str


@dataclass(eq=False)
class TallyError(Exception):
    """A refusal with a stable ``code`` (snake_case, published, never renamed) and a sentence for people."""

    code: str
    detail: str
    # Extra members of the problem document, for example the id of the earlier object.
    extra: dict[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


@dataclass(eq=False)
class InvalidInput(TallyError):
    """The input breaks a rule; nothing was begun, nothing changed. HTTP 400."""

    fields: tuple[FieldError, ...] = ()


class NotFound(TallyError):
    """No such object for this client. HTTP 404."""


class Refused(TallyError):
    """A business rule says no in the present state; asking again with the same key gets the same answer. HTTP 409."""


class Unprocessable(TallyError):
    """The request contradicts an earlier one, for example a reused idempotency key. HTTP 422."""


class PreconditionFailed(TallyError):
    """What the client acts upon is no longer what it has seen. HTTP 412; never stored: the key stays free."""


@dataclass(eq=False)
class TryLater(TallyError):
    """Somebody else is at it; ask again after ``retry_after_seconds``. HTTP 409 with Retry-After; never stored."""

    retry_after_seconds: int = 1
