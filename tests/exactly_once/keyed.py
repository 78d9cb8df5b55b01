"""A key, its lease, and work to do under it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from exactly_once import keys, outbox
from exactly_once.keys import Claim, KeyedRequest, StoredResponse

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LEASE = timedelta(seconds=30)
AFTER_LEASE = NOW + LEASE
KEYED = KeyedRequest(client="cli_a", key="key-1", fingerprint=b"a" * 32)
ANSWER = StoredResponse(status=201, body=b'{"done":true}')
OTHER_ANSWER = StoredResponse(status=200, body=b"{}")


def once(work: Callable[[Claim], StoredResponse | None], now: datetime = NOW) -> StoredResponse | Claim:
    return keys.once(
        keyed=KEYED,
        now=now,
        lease_seconds=int(LEASE.total_seconds()),
        work=work,
        refuse=lambda refusal: StoredResponse(status=409, body=refusal.code.encode()),
    )


def claimed(now: datetime = NOW) -> Claim:
    """Take the key and leave it in flight."""
    claim = once(lambda _: None, now)
    assert isinstance(claim, Claim)
    return claim


def publish(thing: str = "one") -> None:
    outbox.publish(aggregatetype="thing", aggregateid=thing, type="thing.done", payload={}, now=NOW)


def never(_: Claim) -> None:
    raise AssertionError("ran again")
