"""A Valkey Stream, its position beside it. One script writes both, so neither is there without the other.

An entry's id is its position, ``lsn-place``, and a stream refuses an id that is not above its last.
"""

import json
from collections.abc import Sequence
from itertools import batched

import redis

from exactly_once.changefeed import render
from exactly_once.changefeed.entries import Batch, Entry, Shape, State
from exactly_once.changefeed.errors import SinkBusy

# Entries of one script: it holds up every other client meanwhile, for about 10 ms. A longer commit takes several.
ENTRIES_PER_SCRIPT = 2000

# KEYS: stream, position, shapes. ARGV: the position that must be there, the new one, how many shapes,
# (table, shape)..., (id, entry)...
_WRITE = """
if (redis.call('GET', KEYS[2]) or '') ~= ARGV[1] then
    return redis.error_reply('MOVED-ON')
end
local shapes_end = 3 + 2 * tonumber(ARGV[3])
for i = 4, shapes_end, 2 do
    redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 1])
end
for i = shapes_end + 1, #ARGV, 2 do
    redis.call('XADD', KEYS[1], ARGV[i], 'entry', ARGV[i + 1])
end
redis.call('SET', KEYS[2], ARGV[2])
return redis.status_reply('OK')
"""


class ValkeyStreamSink:
    """The stream of this name; ``{name}:position`` and ``{name}:shapes`` beside it."""

    def __init__(self, url: str, stream: str) -> None:
        # Celery writes redis+socket:// where the client says unix://.
        self._client = redis.Redis.from_url(url.replace("redis+socket://", "unix://"), decode_responses=True)
        # The braces keep the three keys on one node of a cluster; the stream is named so, too.
        self._stream, self._position, self._shapes = stream, f"{{{stream}}}:position", f"{{{stream}}}:shapes"
        self._script = self._client.register_script(_WRITE)
        self._last = str(self._client.get(self._position) or "")

    def state(self) -> State | None:
        """Return the position that the last script left."""
        return render.state_of(self._last) if self._last else None

    def shapes(self) -> dict[str, Shape]:
        """Return what the scripts left beside the stream."""
        stored = self._client.hgetall(self._shapes)
        assert isinstance(stored, dict)
        return {str(table): render.shape_of_json(text) for table, text in stored.items()}

    def restart(self, state: State) -> None:
        """Remove the stream, and put the position down, in one step."""
        position = render.position_json(state)
        with self._client.pipeline(transaction=True) as pipeline:
            pipeline.delete(self._stream, self._shapes)
            pipeline.set(self._position, position)
            pipeline.execute()
        self._last = position

    def write(self, batch: Batch) -> None:
        """Run the script, several times for a long commit: each leaves the position of its last entry.

        :raises SinkBusy: the position there is not the one that this process left.
        """
        pieces = list(batched(batch.entries, ENTRIES_PER_SCRIPT)) or [()]
        for piece in pieces[:-1]:
            state = batch.state
            self._run(batch, piece, State(state.epoch, state.lsn, render.stands_at(piece[-1]), state.snapshot))
        self._run(batch, pieces[-1], batch.state)

    def flush(self) -> None:
        """Do nothing: how durable a reply is, is the server's ``appendfsync``."""

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _run(self, batch: Batch, entries: Sequence[Entry], state: State) -> None:
        shapes, added = [], []
        for entry in entries:
            text = render.entry_json(entry, batch)
            is_shape = isinstance(entry.what, Shape)
            added += [f"{batch.state.lsn}-{2 * entry.ordinal - is_shape}", text]
            shapes += [entry.what.table, text] if is_shape else []
        position = render.position_json(state)
        keys = [self._stream, self._position, self._shapes]
        try:
            self._script(keys=keys, args=[self._last, position, len(shapes) // 2, *shapes, *added])
        except redis.ResponseError as error:
            if "MOVED-ON" not in str(error):
                raise
            raise SinkBusy(
                f"The stream {self._stream} is not where this process left it: another one feeds it, or the server "
                f"lost data. Stop the other one; it had {json.dumps(self._client.get(self._position))}."
            ) from None
        self._last = position
