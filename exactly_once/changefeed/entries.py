"""What a sink is given, and what it must be able to do. The sinks themselves are in sinks/."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

type Row = Mapping[str, str | None]  # by column, in PostgreSQL's text form; a column that did not change may be absent


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its ``number`` stays when it is renamed, and is never given again when it is dropped.

    ``existing`` is what rows have in it that were written before it was added: its constant default.
    """

    number: int
    name: str
    type: str
    key: bool
    existing: str | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns of a table from here on."""

    table: str
    columns: tuple[Column, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """Return the names of the columns that tell rows apart."""
        return tuple(column.name for column in self.columns if column.key)


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one row, or of a whole table (truncate).

    ``key`` is the row's key before the change (update, delete), ``row`` what it is afterwards (insert, update).
    """

    kind: Literal["insert", "update", "delete", "truncate"]
    table: str
    key: Row | None = None
    row: Row | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A change and its place in its commit, counted from 1. A shape has the place of the change before it."""

    ordinal: int
    what: Change | Shape


@dataclass(frozen=True, slots=True)
class State:
    """How far a sink is: all up to the ``ordinal`` of the commit that ends at ``lsn``, in the feed's ``epoch``.

    ``snapshot`` while the first copy of the tables is not complete: what the sink holds then is of no use.
    """

    epoch: UUID
    lsn: int
    ordinal: int
    snapshot: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries of one commit (or a piece of a snapshot), and where the sink stands once it has them.

    Without entries it only moves the sink's position: nothing up to there concerns it.
    """

    state: State
    entries: Sequence[Entry] = ()
    committed_at: datetime | None = None


class Sink(Protocol):
    """Where changes go. It keeps its position together with them, so it never holds one without the other."""

    def state(self) -> State | None:
        """Return its position, None where it never had one."""

    def shapes(self) -> dict[str, Shape]:
        """Return the last shape of each table that it was given."""

    def restart(self, state: State) -> None:
        """Forget everything that this feed wrote, and stand here instead."""

    def write(self, batch: Batch) -> None:
        """Take entries and position together. They need not be durable before ``flush``."""

    def flush(self) -> None:
        """Return once all that was written is durable: then the source may forget it."""

    def close(self) -> None:
        """Let go of files and connections."""
