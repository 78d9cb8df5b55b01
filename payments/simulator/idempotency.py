"""Idempotency keys as PSPs keep them: the first answer again, for as long as each PSP does."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from payments.simulator.account import Account
from payments.simulator.errors import ApiError
from payments.simulator.store import Document


@dataclass(frozen=True, slots=True)
class KeyRules:
    """How one PSP treats keys."""

    retention_seconds: int
    in_use: Callable[[], ApiError]  # its answer while the first request is under way
    of_another_request: Callable[[], ApiError]  # and where the key was used for something else


class Keys:
    """Answers by key, and which keys are in use right now. Each PSP has its own."""

    def __init__(self, account: Account, rules: KeyRules) -> None:
        self._account = account
        self._rules = rules
        self._in_use: set[str] = set()

    def stored(self, key: str, asked: str) -> tuple[int, Document] | None:
        """Return the (status, body) that was answered to this request before.

        :raises ApiError: the key is in use, or was used for another request.
        """
        if key in self._in_use:
            raise self._rules.in_use()
        known = self._account.store.answer(self._own(key), now=self._account.now())
        if known is None:
            return None
        told, status, body = known
        if told != asked:
            raise self._rules.of_another_request()
        return status, body

    @contextmanager
    def in_use(self, key: str) -> Iterator[None]:
        """Refuse the key to others meanwhile."""
        self._in_use.add(key)
        try:
            yield
        finally:
            self._in_use.discard(key)

    def is_new(self, key: str) -> bool:
        """Note that a request with this key has come; return whether it is the first."""
        return self._account.store.meet(self._own(key))

    def keep(self, key: str, asked: str, status: int, body: Document) -> None:
        """Store an answer, in the transaction of what it tells."""
        until = self._account.now() + self._rules.retention_seconds
        self._account.store.keep_answer(self._own(key), asked, status, body, until=until)

    def _own(self, key: str) -> str:
        return f"{self._account.psp}:{key}"
