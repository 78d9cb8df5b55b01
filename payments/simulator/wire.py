"""How requests go through at a PSP: each write once per idempotency key, with whatever mishap is its lot."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from payments.simulator.account import Account
from payments.simulator.errors import ApiError
from payments.simulator.faults import SLOW_SECONDS, Fault
from payments.simulator.idempotency import KeyRules, Keys
from payments.simulator.store import Document

type Step = Callable[[], tuple[int, Document]]


@dataclass(frozen=True, slots=True)
class Manners:
    """How one PSP does what all of them do."""

    key_header: str
    keys: KeyRules
    not_stored: frozenset[int]  # the statuses of answers that are not given again under their key
    broken: Callable[[], ApiError]  # 500
    too_many: Callable[[], ApiError]  # 429


class Wire:
    """Answers the requests of one account."""

    def __init__(self, account: Account, manners: Manners) -> None:
        self._account = account
        self._manners = manners
        self._keys = Keys(account, manners.keys)

    async def read(self, request: web.Request, look: Callable[[], Document]) -> web.StreamResponse:
        """Answer what changes nothing.

        :raises ApiError: a refusal, or a mishap that looks like one.
        """
        fault = self._account.faults.of_read()
        if fault in {Fault.RESET, Fault.DROP_REPLY}:
            return _abort(request)
        self._refuse(fault)
        if fault is Fault.SLOW:
            await asyncio.sleep(SLOW_SECONDS)
        return web.json_response(look())

    async def write(
        self, request: web.Request, step: Step, *, asked: str, by_token: Fault | None = None
    ) -> web.StreamResponse:
        """Execute a step, once for its key.

        :param asked: what two requests have in common if they ask the same.
        :raises ApiError: a refusal, or a mishap that looks like one.
        """
        # Without a key each request is its own.
        key = request.headers.get(self._manners.key_header) or secrets.token_hex(16)
        if (stored := self._keys.stored(key, asked)) is not None:
            status, answer = stored
            return web.json_response(answer, status=status, headers={"Idempotent-Replayed": "true"})
        # A retry is spared, so that it can learn the truth.
        fault = self._account.faults.of_write(by_token=by_token) if self._keys.is_new(key) else None
        if fault is Fault.RESET:
            return _abort(request)
        with self._keys.in_use(key):
            await asyncio.sleep(self._account.faults.rates.delay_seconds)
            status, answer = self._execute(step, key, asked, fault)
        self._account.webhooks.wake()
        if fault is Fault.DROP_REPLY:
            return _abort(request)
        if fault is Fault.SLOW:
            await asyncio.sleep(SLOW_SECONDS)
        return web.json_response(answer, status=status)

    def _execute(self, step: Step, key: str, asked: str, fault: Fault | None) -> tuple[int, Document]:
        """Run one step and store its answer in the same transaction; a refusal that is not stored undoes it."""
        if fault is Fault.RATE_LIMIT:
            self._refuse(fault)
        with self._account.store.transaction():
            try:
                self._refuse(fault)
                status, answer = step()
            except ApiError as error:
                if error.status in self._manners.not_stored:
                    raise
                status, answer = error.status, error.body
            if fault is Fault.ERROR_500_AFTER:
                broken = self._manners.broken()
                status, answer = broken.status, broken.body
            if status not in self._manners.not_stored:
                self._keys.keep(key, asked, status, answer)
        return status, answer

    def _refuse(self, fault: Fault | None) -> None:
        if fault is Fault.ERROR_500:
            raise self._manners.broken()
        if fault is Fault.RATE_LIMIT:
            raise self._manners.too_many()


def _abort(request: web.Request) -> web.Response:
    """Kill the connection without a word."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
