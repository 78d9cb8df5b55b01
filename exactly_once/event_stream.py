"""A Valkey Stream of our events: each once, in commit order, for as long as the stream keeps it.

An entry's id is the event's place in the outbox, ``xid-seq``. So the stream itself says how far it is, and takes none
twice; a stream that is wiped is filled again from the first event. Our own note of the place is for the lag alone.
Not here: reading by our own handlers and webhooks, whose places are rows of the database (relay.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import redis
from django.conf import settings
from django.db import connection
from django_subatomic.db import transaction

STREAM = "stream"  # the sink, among the others
BATCH = 500  # events of one script: it holds up every other client meanwhile, for a few milliseconds
TIMEOUT_SECONDS = 2.0  # a stream that hangs holds up the relay's other sinks for so long
EMPTY = "0-0"

_FIELDS = (
    "id",
    "type",
    "aggregatetype",
    "aggregateid",
    "aggregate_version",
    "schema_version",
    "occurred_at",
    "payload",  # the last: it is read as text
)
_COLUMNS = f"o.xid::text || '-' || o.seq, {', '.join(f'o.{name}' for name in _FIELDS)}::text"
_READ = f"""
SELECT {_COLUMNS} FROM exactly_once_outboxevent AS o
WHERE (o.xid, o.seq) > (%s::xid8, %s) AND o.xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY o.xid, o.seq
LIMIT %s
"""  # noqa: S608 - our own constants
_BETWEEN = f"""
SELECT {_COLUMNS} FROM exactly_once_outboxevent AS o
WHERE (o.xid, o.seq) >= (%s::xid8, %s) AND (o.xid, o.seq) <= (%s::xid8, %s)
ORDER BY o.xid, o.seq
"""  # noqa: S608 - the same
_IS_OURS = "SELECT EXISTS (SELECT FROM exactly_once_outboxevent WHERE (xid, seq) = (%s::xid8, %s))"
_NOTE = """
INSERT INTO exactly_once_sinkposition (sink, xid, seq) VALUES (%s, %s::xid8, %s)
ON CONFLICT (sink) DO UPDATE SET xid = excluded.xid, seq = excluded.seq, updated_at = now()
"""

# KEYS: the stream. ARGV: the last id that must be there, how many entries are kept, how many values an entry has, then
# for each entry its id, its names and values. Who comes second finds another last id, and adds nothing.
_ADD = """
local last = '0-0'
if redis.call('EXISTS', KEYS[1]) == 1 then
    local info = redis.call('XINFO', 'STREAM', KEYS[1])
    for i = 1, #info, 2 do
        if info[i] == 'last-generated-id' then last = info[i + 1] end
    end
end
if last ~= ARGV[1] then return redis.error_reply('MOVED-ON') end
local width = tonumber(ARGV[3])
for i = 4, #ARGV, width do
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], unpack(ARGV, i, i + width - 1))
end
return redis.status_reply('OK')
"""


class StreamAheadError(Exception):
    """The stream's last entry is no event of this database."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event in a stream: its place in the outbox, and its fields as text, the payload being JSON."""

    place: str
    fields: dict[str, str]


class EventStream:
    """The stream of this name on a Valkey or Redis server.

    :param length: how many entries it keeps, roughly; older ones are in the outbox.
    """

    def __init__(self, *, url: str, name: str, length: int) -> None:
        # Celery writes redis+socket:// where the client says unix://.
        self._client = redis.Redis.from_url(
            url.replace("redis+socket://", "unix://"),
            decode_responses=True,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
        )
        self._name, self._length = name, length
        self._script = self._client.register_script(_ADD)
        self._noted: str | None = None

    def feed(self, *, limit: int = BATCH) -> int:
        """Add the next events; return how many that were. None are added while another relay is faster.

        :raises StreamAheadError: another database has fed it, or this one was restored to an earlier state.
        :raises redis.RedisError: the server is not there; nothing is lost by that.
        """
        last = self.last_id()
        entries = _entries_after(last, limit)
        if not entries:
            self._note(last)
            return 0
        arguments = [part for entry in entries for part in (entry.place, *chain(*entry.fields.items()))]
        try:
            self._script(keys=[self._name], args=[last, self._length, 1 + 2 * len(_FIELDS), *arguments])
        except redis.ResponseError as error:
            if "MOVED-ON" not in str(error):
                raise
            return 0
        self._note(entries[-1].place)
        return len(entries)

    def last_id(self) -> str:
        """Return the place of the last event that was added, whether or not its entry is still kept."""
        if not self._client.exists(self._name):
            return EMPTY
        info = self._client.xinfo_stream(self._name)
        assert isinstance(info, dict)
        return str(info["last-generated-id"])

    def entries(self, *, after: str | None, limit: int) -> list["Entry"]:
        """Return the next entries that the stream keeps, from its first one on or after a place."""
        found: Any = self._client.xrange(self._name, min="-" if after is None else f"({after}", count=limit)
        return [Entry(place, fields) for place, fields in found]

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _note(self, place: str) -> None:
        if place != self._noted:
            with transaction(), connection.cursor() as cursor:
                cursor.execute(_NOTE, [STREAM, *place.split("-")])
            self._noted = place


def configured_stream() -> EventStream:
    """Return the stream that the settings name. There is none where ``EVENT_STREAM_URL`` is empty."""
    return EventStream(url=settings.EVENT_STREAM_URL, name=settings.EVENT_STREAM, length=settings.EVENT_STREAM_LENGTH)


def entries_between(first: str, last: str) -> list[Entry]:
    """Return what a stream should have from one place to another, both included."""
    with connection.cursor() as cursor:
        cursor.execute(_BETWEEN, [*first.split("-"), *last.split("-")])
        return [_entry(row) for row in cursor.fetchall()]


def _entries_after(last: str, limit: int) -> list[Entry]:
    """Return the next events that no transaction can still get in front of."""
    place = last.split("-")
    with connection.cursor() as cursor:
        if last != EMPTY:
            cursor.execute(_IS_OURS, place)
            if not cursor.fetchone()[0]:
                raise StreamAheadError(
                    f"The stream's last entry {last} is no event of this database: another one has fed the stream, or "
                    "this one was restored. Set EVENT_STREAM to another name, or remove the stream: it is filled again."
                )
        cursor.execute(_READ, [*place, limit])
        return [_entry(row) for row in cursor.fetchall()]


def _entry(row: Sequence[Any]) -> Entry:
    place, *plain, occurred_at, payload = row
    texts = [*map(str, plain), occurred_at.isoformat(), payload]
    return Entry(place, dict(zip(_FIELDS, texts, strict=True)))
