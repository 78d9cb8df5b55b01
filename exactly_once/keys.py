"""Idempotency keys: one claim per (client, key), one stored response, whoever gets there first.

A claim is written in the first transaction of the work that it stands for, and never held across a call to anybody
outside. Until the response is stored the key is *in flight*, under a lease: when its holder has died, the next one
takes over with a new token, and the old token no longer opens anything.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import OperationalError, connection
from django_subatomic.db import transaction, transaction_required
from psycopg.errors import LockNotAvailable

from exactly_once.errors import Refused, TryLater, Unprocessable
from exactly_once.models import IdempotencyKey
from exactly_once.retry import retry_on_conflict
from exactly_once.together import Write, update, write_together

_CLAIM = """
INSERT INTO exactly_once_idempotencykey
(client, key, fingerprint, state, lease_token, lease_expires_at, subject, recovery_point, response_content_type,
    created_at, resumptions)
VALUES (%s, %s, %s, 'in_flight', %s, %s, '', '', '', %s, 0)
ON CONFLICT (client, key) DO NOTHING
RETURNING id
"""

_FINISH = """
UPDATE exactly_once_idempotencykey SET
    state = 'finished',
    response_status = %s,
    response_content_type = %s,
    response_body = %s,
    location = %s,
    finished_at = %s
WHERE state = 'in_flight' AND {whose}
RETURNING id
"""
_FINISH_CLAIM = _FINISH.format(whose="id = %s AND lease_token = %s")
# That there is a subject is said for the index: a plan that is kept knows no values, and would not use it.
_FINISH_SUBJECT = _FINISH.format(whose="subject = %s AND subject <> ''")


class KeyReused(Unprocessable):
    """The key came before with another request."""


class AlreadyExists(Refused):
    """The key was used for this request, so long ago that its response has expired; ``extra`` has the location."""


class KeyInFlight(TryLater):
    """The first request with this key is still at work."""


class LeaseLost(TryLater):
    """Somebody else has taken this key over, or has finished it."""


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """What identifies a request: the client's id, its key, and 32 bytes over what it asks for."""

    client: str
    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """A response as it was, or will be, stored: replayed byte for byte.

    ``location``: the API address of what was made; sent as the header, and what is left when the response expires.
    ``retry_after_seconds``: for an answer that is only for now, and so is never stored. ``beside``: what is written
    with it, in the same statement.
    """

    status: int
    body: bytes
    content_type: str = "application/json"
    replayed: bool = False
    location: str = ""
    retry_after_seconds: int | None = None
    beside: tuple[Write, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on a key.

    ``resumed``: an earlier holder did not finish; ``recovery_point`` says how far it came with ``subject``.
    """

    key_id: int
    lease_token: UUID
    subject: str
    recovery_point: str
    resumed: bool


@retry_on_conflict
def once(
    *,
    keyed: KeyedRequest,
    now: datetime,
    lease_seconds: int,
    work: Callable[[Claim], StoredResponse | None],
    refuse: Callable[[Refused], StoredResponse],
) -> StoredResponse | Claim:
    """Claim the key and do ``work`` in one transaction; return its response, or the one stored before.

    A ``Refused`` undoes the work and is stored as ``refuse`` renders it, in a transaction of its own: should another
    request with this key have come in between, its response counts, or what it has begun. Any other error undoes the
    claim as well: the key stays free. Where ``work`` returns None the key stays in flight, and the claim is returned
    for the phases to come. ``work`` must not talk to anybody outside: it runs again after a deadlock.

    :raises KeyReused, KeyInFlight, AlreadyExists: see :func:`claim`.
    """

    def attempt(do: Callable[[Claim], StoredResponse | None]) -> StoredResponse | Claim:
        with transaction():
            claimed = claim(keyed=keyed, now=now, lease_seconds=lease_seconds)
            response = claimed if isinstance(claimed, StoredResponse) else do(claimed)
            if isinstance(claimed, Claim) and response is not None:
                finish(claim=claimed, response=response, now=now)
            return claimed if response is None else response

    try:
        return attempt(lambda claimed: _work(work, claimed))
    except _WorkRefusedError as refused:
        answer = refuse(refused.refusal)
        return attempt(lambda claimed: None if claimed.resumed else answer)


class _WorkRefusedError(Exception):
    """Undoes the transaction; what :func:`claim` refuses does not come this way."""

    def __init__(self, refusal: Refused) -> None:
        super().__init__(refusal)
        self.refusal = refusal


def _work(work: Callable[[Claim], StoredResponse | None], claimed: Claim) -> StoredResponse | None:
    try:
        return work(claimed)
    except Refused as refusal:
        raise _WorkRefusedError(refusal) from refusal


@transaction_required
def claim(*, keyed: KeyedRequest, now: datetime, lease_seconds: int) -> Claim | StoredResponse:
    """Take the key, or return the response that it already has.

    A second request waits here until the first one's transaction ends, which is why that is kept short.

    :raises KeyReused: the key came before with another fingerprint.
    :raises KeyInFlight: the first request holds its lease still, or has not ended its transaction in time.
    :raises AlreadyExists: the response has expired.
    """
    token, expires_at = uuid4(), now + timedelta(seconds=lease_seconds)
    try:
        key_id = _insert(keyed, token, expires_at, now)
        if key_id is not None:
            return Claim(key_id, token, "", "", resumed=False)
        known = IdempotencyKey.objects.select_for_update().get(client=keyed.client, key=keyed.key)
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise _in_flight() from error
        raise
    if bytes(known.fingerprint) != keyed.fingerprint:
        raise KeyReused(
            code="idempotency_key_reused", detail="This Idempotency-Key was used before with a different request."
        )
    if known.state == "finished":
        return _response(known)
    if known.state == "expired":
        raise AlreadyExists(
            code="already_exists",
            detail="This Idempotency-Key was used for this request before; its answer is no longer kept.",
            extra={"location": known.location or None},
        )
    if known.lease_expires_at > now:
        raise _in_flight()
    known.lease_token, known.lease_expires_at, known.resumptions = token, expires_at, known.resumptions + 1
    known.save(update_fields=["lease_token", "lease_expires_at", "resumptions"])
    return Claim(known.pk, token, known.subject, known.recovery_point, resumed=True)


@transaction_required
def bind(*, claim: Claim, subject: str, recovery_point: str) -> None:
    """Note what the key works on, by its public id, and how far it has come.

    :raises LeaseLost: the claim is no longer ours.
    """
    write_together(binding(claim=claim, subject=subject, recovery_point=recovery_point))


def binding(*, claim: Claim, subject: str, recovery_point: str) -> Write:
    """Return what :func:`bind` writes, for a statement that writes more."""
    ours = {"id": claim.key_id, "lease_token": claim.lease_token, "state": "in_flight"}
    return update(IdempotencyKey, {"subject": subject, "recovery_point": recovery_point}, where=ours, otherwise=_lost())


@transaction_required
def finish(*, claim: Claim, response: StoredResponse, now: datetime) -> None:
    """Store the response, with what is written beside it.

    :raises LeaseLost: the claim is no longer ours.
    """
    values = (*_stored(response, now), claim.key_id, claim.lease_token)
    write_together(*response.beside, Write(_FINISH_CLAIM, values, otherwise=_lost()))


@transaction_required
def finish_subject(*, subject: str, response: StoredResponse, now: datetime) -> int:
    """Store the response for whoever asked for this subject, whoever holds the lease; return how many keys that was.

    For the racer that brings a subject to its end: the client's request, a webhook's task or the sweeper.
    """
    (key_ids,) = write_together(finishing_subject(subject=subject, response=response, now=now))
    note_finished(key_ids=key_ids, response=response)
    return len(key_ids)


def finishing_subject(*, subject: str, response: StoredResponse, now: datetime) -> Write:
    """Return what :func:`finish_subject` writes, for a statement that writes more; then :func:`note_finished`."""
    return Write(_FINISH_SUBJECT, (*_stored(response, now), subject))


# What keys this thread has finished, while somebody asks to know.
_finished: ContextVar[dict[int, StoredResponse] | None] = ContextVar("finished", default=None)


@contextmanager
def noting_finished() -> Iterator[dict[int, StoredResponse]]:
    """Note the keys that this thread finishes: where its transactions have been committed nobody need read them."""
    noted: dict[int, StoredResponse] = {}
    token = _finished.set(noted)
    try:
        yield noted
    finally:
        _finished.reset(token)


def note_finished(*, key_ids: list[int], response: StoredResponse) -> None:
    """Tell whoever listens."""
    if (noted := _finished.get()) is not None:
        noted.update(dict.fromkeys(key_ids, response))


@transaction
def release(*, claim: Claim, now: datetime) -> None:
    """Give the lease back without a response: the key stays bound, and the next request may resume at once."""
    IdempotencyKey.objects.filter(pk=claim.key_id, lease_token=claim.lease_token, state="in_flight").update(
        lease_expires_at=now
    )


def read_response(*, key_id: int) -> StoredResponse | None:
    """Return the response that has been stored under a key, if there is one."""
    known = IdempotencyKey.objects.filter(pk=key_id, state="finished").first()
    return None if known is None else _response(known, replayed=False)


def _insert(keyed: KeyedRequest, token: UUID, expires_at: datetime, now: datetime) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [keyed.client, keyed.key, keyed.fingerprint, token, expires_at, now])
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def _in_flight() -> KeyInFlight:
    return KeyInFlight(
        code="idempotency_in_flight", detail="The first request with this Idempotency-Key is still at work."
    )


def _lost() -> LeaseLost:
    return LeaseLost(code="idempotency_in_flight", detail="Another request has taken this Idempotency-Key over.")


def _stored(response: StoredResponse, now: datetime) -> tuple[object, ...]:
    return response.status, response.content_type, response.body, response.location, now


def _response(known: IdempotencyKey, *, replayed: bool = True) -> StoredResponse:
    if known.response_status is None or known.response_body is None:
        raise AssertionError("a finished key has a response: idempotency_key_finished_has_response")
    return StoredResponse(
        known.response_status,
        bytes(known.response_body),
        known.response_content_type,
        replayed=replayed,
        location=known.location,
    )
