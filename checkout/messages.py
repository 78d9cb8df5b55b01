"""What a client is to know about a cart beside its totals: what has changed, what is missing, what did not apply."""

from dataclasses import asdict, dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Message:
    """A remark about one place of a cart or session; an ``error`` is to be mended before it can be paid.

    ``pointer``: a JSON Pointer (RFC 6901) into the body. ``code`` is for programs (docs/errors.md has them all),
    ``detail`` for people.
    """

    type: Literal["error", "warning"]
    pointer: str
    code: str
    detail: str

    def as_json(self) -> dict[str, str]:
        """Return it as clients see it."""
        return asdict(self)
