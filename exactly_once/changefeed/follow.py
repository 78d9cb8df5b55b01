"""Follow a slot: peek, give to the sink, and only when that is durable let the server forget.

The sink's own position decides what it still needs, so a crash anywhere costs a repetition that it does not see.
"""

from dataclasses import dataclass

import structlog
from psycopg.errors import ObjectNotInPrerequisiteState, UndefinedObject

from exactly_once.changefeed import snapshot
from exactly_once.changefeed.entries import Batch, Shape, Sink, State
from exactly_once.changefeed.errors import FeedStopped, SlotLost, WrongEpoch
from exactly_once.changefeed.lsn import format_lsn
from exactly_once.changefeed.source import SlotStatus, Source
from exactly_once.changefeed.translate import batches

log = structlog.get_logger(__name__)

# Changes of one round. A commit is never divided: one of a million rows is a round of a million.
CHANGES_PER_ROUND = 1000
# How much of the log may pass without a change for us before the sink notes that: a segment. Else the slot would keep
# the whole log of a database whose followed tables rest.
IDLE_BYTES = 16 << 20


@dataclass(slots=True)
class Feed:
    """A source, a sink, and where the sink stands."""

    source: Source
    sink: Sink
    state: State
    shapes: dict[str, Shape]
    delivered: int = 0

    def round(self, *, limit: int = CHANGES_PER_ROUND) -> int:
        """Deliver the next commits; return how many the slot gave. None: the sink has all that was durable before.

        The server forgets up to the last commit that it gave, no further: the sink's own position may be inside one.

        :raises FeedStopped: it cannot go on; the message says what to do.
        """
        seen, given = self.source.end_of_log(), 0
        reached = None
        for batch in batches(self._peek(limit), after=self.state, shapes=self.shapes, describe=self.source.describe):
            given, reached = given + 1, batch.state.lsn
            if batch.entries or reached > self.state.lsn:
                self._give(batch)
        if reached is None and seen - self.state.lsn >= IDLE_BYTES:
            reached = seen
            self._give(Batch(State(self.state.epoch, seen, 0)))
        if reached is not None:
            self.sink.flush()
            self.source.advance(reached)
        return given

    def position(self) -> dict[str, object]:
        """Return where the sink stands, and how far the slot is behind, for a log or a report."""
        status = self.source.status()
        if status is None:
            return {"delivered": self.delivered, "lsn": format_lsn(self.state.lsn)}
        bound = "no bound" if status.safe_bytes is None else status.safe_bytes
        return {
            "delivered": self.delivered,
            "lsn": format_lsn(self.state.lsn),
            "lag_bytes": status.lag_bytes,
            "bytes_until_lost": bound,
        }

    def _give(self, batch: Batch) -> None:
        self.sink.write(batch)
        self.state = batch.state
        self.delivered += len(batch.entries)

    def _peek(self, limit: int) -> list[bytes]:
        try:
            messages = self.source.peek(limit=limit)
        except (ObjectNotInPrerequisiteState, UndefinedObject) as error:
            raise SlotLost(
                f"The slot {self.source.slot} cannot be read any more: {error.diag.message_primary}."
            ) from None
        self._check_tables()
        return messages

    def _check_tables(self) -> None:
        """Look after reading: what was read before a table left the publication is then still in it."""
        if (published := self.source.published()) != self.source.tables:
            raise FeedStopped(
                f"This feed was asked for {', '.join(self.source.tables)}, but its publication {self.source.slot} "
                f"carries {', '.join(published) or 'nothing'}: a table was renamed, dropped, added or left away."
            )


def open_feed(*, source: Source, sink: Sink, copy: bool) -> Feed:
    """Go on where the sink stands, or start where there is nothing to go on from.

    :param copy: start with a snapshot, also where a slot was lost; a snapshot that was interrupted starts again anyway.
    :raises FeedStopped: it cannot go on, and was not told to start with a snapshot.
    """
    state = sink.state()
    reason = _cannot_go_on(source, state)
    if state is not None and reason is None:
        return Feed(source, sink, state, sink.shapes())
    fresh = state is None and source.epoch() is None and source.status() is None
    interrupted = state is not None and state.snapshot
    if reason is not None and not (copy or fresh or interrupted):
        raise reason
    log.info("changefeed.starting", slot=source.slot, snapshot=copy or interrupted, reason=str(reason or "new"))
    state = snapshot.start(source, sink, copy=copy or interrupted)
    return Feed(source, sink, state, sink.shapes())


def _cannot_go_on(source: Source, state: State | None) -> FeedStopped | None:
    epoch, status, slot = source.epoch(), source.status(), source.slot
    if state is None:
        return WrongEpoch(f"The sink holds no position of the slot {slot}.")
    if epoch is None or epoch.id != state.epoch:
        return WrongEpoch(
            f"The sink's position belongs to epoch {state.epoch}, the slot {slot} to {epoch.id if epoch else 'none'}: "
            "the database was restored, or the slot made anew, or the sink is another feed's."
        )
    if epoch.system != source.system():
        return WrongEpoch(
            f"This is not the server, or not the history of it, that the slot {slot} was made on ({epoch.system}, now "
            f"{source.system()}): the database was restored, or a standby took over."
        )
    return _slot_cannot(source, status, state)


def _slot_cannot(source: Source, status: SlotStatus | None, state: State) -> FeedStopped | None:
    if status is None:
        return SlotLost(f"There is no slot {source.slot} in this database any more.")
    if status.lost_because:
        return SlotLost(
            f"The server gave up the slot {source.slot} ({status.lost_because}): the feed was away for longer than "
            "max_slot_wal_keep_size or idle_replication_slot_timeout allows."
        )
    if state.snapshot:
        return FeedStopped("The snapshot was interrupted.")
    if status.confirmed > state.lsn:
        return SlotLost(
            f"The slot {source.slot} is at {format_lsn(status.confirmed)}, the sink only at {format_lsn(state.lsn)}: "
            "the sink went back (restored from a copy, or lost what it had acknowledged)."
        )
    if state.lsn > source.end_of_log(flushed=False):
        return WrongEpoch("The sink is ahead of the database's own log: the database went back.")
    return None
