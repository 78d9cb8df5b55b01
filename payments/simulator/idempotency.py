"""Idempotency keys as Stripe keeps them: the first answer again, for a day."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from payments.simulator.account import Account
from payments.simulator.errors import ApiError, invalid
from payments.simulator.params import Params
from payments.simulator.store import Document

MAX_KEY = 255


class Keys:
    """Answers by key, and which keys are in use right now."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._in_use: set[str] = set()

    def stored(self, key: str, request: str) -> tuple[int, Document] | None:
        """Return the (status, body) that was answered to this request before.

        :raises ApiError: the key is in use (409), or was used for another request (400).
        """
        if len(key) > MAX_KEY:
            raise invalid("parameter_invalid", f"An idempotency key has at most {MAX_KEY} characters.", "")
        if key in self._in_use:
            message = "Another request with this key is under way."
            raise ApiError(409, "idempotency_error", "idempotency_key_in_use", message)
        known = self._account.store.answer(key, now=self._account.now())
        if known is None:
            return None
        told, status, body = known
        if told != request:
            message = "Keys for idempotent requests can only be used with the parameters they were first used with."
            raise ApiError(400, "idempotency_error", None, message)
        return status, body

    @contextmanager
    def in_use(self, key: str) -> Iterator[None]:
        """Refuse the key to others meanwhile."""
        self._in_use.add(key)
        try:
            yield
        finally:
            self._in_use.discard(key)

    def keep(self, key: str, request: str, status: int, body: Document) -> None:
        """Store an answer, in the transaction of what it tells."""
        self._account.store.keep_answer(key, request, status, body, now=self._account.now())


def what_is_asked(path: str, told: Params) -> str:
    """Return what two requests have in common if they ask the same, in whatever order."""
    return f"{path} {json.dumps(told, sort_keys=True)}"
