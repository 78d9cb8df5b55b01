"""Versions of what clients see, so that they can act upon what they have seen and nothing else (RFC 9110, 13.1.1)."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from exactly_once.errors import PreconditionFailed

VERSION_CHARACTERS = 32  # of a digest: 128 bits


@dataclass(frozen=True, slots=True)
class Expected:
    """The versions that a client has seen, one of which is to be the present one; None: whichever it is."""

    versions: frozenset[str] | None = None

    def require(self, present: Callable[[], Mapping[str, object]]) -> None:
        """Ask for what clients would see now, where it matters; the caller has locked what must not change meanwhile.

        :raises PreconditionFailed: ``precondition_failed``: it is another version.
        """
        if self.versions is not None and version_of(present()) not in self.versions:
            raise PreconditionFailed(
                code="precondition_failed",
                detail="It has changed since the answer whose ETag is in If-Match: read it again, then decide.",
            )


ANY_VERSION = Expected()


def version_of(body: Mapping[str, object]) -> str:
    """Return the name of this state of a body, whatever the order of its fields."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:VERSION_CHARACTERS]
