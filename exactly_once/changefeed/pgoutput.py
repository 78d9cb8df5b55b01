"""Decoder of pgoutput's binary messages, protocol version 1, values as text.

The form: PostgreSQL's manual, "Logical Replication Message Formats". Pure: bytes in, frozen dataclasses out. What the
messages mean for a sink is in translate.py.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# PostgreSQL counts microseconds from here.
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class UnknownMessage(Exception):
    """The bytes are no message of protocol version 1. A programmer's error: the version is ours to ask for."""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A large value that an update left as it was: the log does not repeat it."""


UNCHANGED = Unchanged()
type Value = str | Unchanged | None
type Tuple = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Begin:
    """A transaction starts. Transactions come whole, in the order of their commits."""

    commit_lsn: int
    committed_at: datetime
    xid: int


@dataclass(frozen=True, slots=True)
class Commit:
    """It ends; ``end_lsn`` is the position behind it."""

    commit_lsn: int
    end_lsn: int
    committed_at: datetime


@dataclass(frozen=True, slots=True)
class Origin:
    """The transaction was replicated to the source from elsewhere."""

    commit_lsn: int
    name: str


@dataclass(frozen=True, slots=True)
class RelationColumn:
    """A column as it was when the row was written; ``key`` where it is part of the replica identity."""

    name: str
    key: bool
    type_oid: int
    type_modifier: int


@dataclass(frozen=True, slots=True)
class Relation:
    """The table that the next rows belong to. Comes before its first row, and again after each change of it."""

    oid: int
    namespace: str
    name: str
    replica_identity: str
    columns: tuple[RelationColumn, ...]

    @property
    def table(self) -> str:
        """Return the qualified name."""
        return f"{self.namespace}.{self.name}"


@dataclass(frozen=True, slots=True)
class Type:
    """The name of a type that is not built in."""

    oid: int
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Insert:
    """A new row."""

    relation_oid: int
    new: Tuple


@dataclass(frozen=True, slots=True)
class Update:
    """A changed row; ``old`` only where its key changed, with nothing but the key in it."""

    relation_oid: int
    old: Tuple | None
    new: Tuple


@dataclass(frozen=True, slots=True)
class Delete:
    """A removed row, its key only."""

    relation_oid: int
    old: Tuple


@dataclass(frozen=True, slots=True)
class Truncate:
    """Tables were emptied together."""

    relation_oids: tuple[int, ...]
    cascade: bool
    restart_identity: bool


type Message = Begin | Commit | Origin | Relation | Type | Insert | Update | Delete | Truncate


def decode(data: bytes) -> Message:
    """Decode one message.

    :raises UnknownMessage: no such message, or bytes left over or missing.
    """
    reader = _Reader(data)
    kind = reader.char()
    if kind not in _DECODERS:
        raise UnknownMessage(f"message {kind!r}")
    message = _DECODERS[kind](reader)
    if reader.left():
        raise UnknownMessage(f"{reader.left()} bytes behind message {kind!r}")
    return message


class _Reader:
    """Bytes and how far they are read."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def left(self) -> int:
        return len(self._data) - self._at

    def bytes(self, count: int) -> bytes:
        if not 0 <= count <= self.left():
            raise UnknownMessage(f"{count} bytes wanted, {self.left()} left")
        self._at += count
        return self._data[self._at - count : self._at]

    def char(self) -> str:
        return self.bytes(1).decode("latin-1")

    def number(self, form: str) -> int:
        value: int = struct.unpack(f"!{form}", self.bytes(struct.calcsize(f"!{form}")))[0]
        return value

    def string(self) -> str:
        end = self._data.find(b"\0", self._at)
        text = self.bytes(end - self._at).decode()
        self._at += 1
        return text

    def time(self) -> datetime:
        return _EPOCH + timedelta(microseconds=self.number("q"))

    def tuple(self) -> Tuple:
        return tuple(self._value() for _ in range(self.number("H")))

    def _value(self) -> Value:
        match self.char():
            case "n":
                return None
            case "u":
                return UNCHANGED
            case "t":
                return self.bytes(self.number("I")).decode()
            case kind:
                raise UnknownMessage(f"value of kind {kind!r}")


def _begin(reader: _Reader) -> Begin:
    return Begin(commit_lsn=reader.number("Q"), committed_at=reader.time(), xid=reader.number("I"))


def _commit(reader: _Reader) -> Commit:
    reader.number("B")  # flags, none are defined
    return Commit(commit_lsn=reader.number("Q"), end_lsn=reader.number("Q"), committed_at=reader.time())


def _origin(reader: _Reader) -> Origin:
    return Origin(commit_lsn=reader.number("Q"), name=reader.string())


def _relation(reader: _Reader) -> Relation:
    oid, namespace, name, identity = reader.number("I"), reader.string(), reader.string(), reader.char()
    columns = tuple(
        RelationColumn(
            key=bool(reader.number("B") & 1),
            name=reader.string(),
            type_oid=reader.number("I"),
            type_modifier=reader.number("i"),
        )
        for _ in range(reader.number("H"))
    )
    # An empty namespace stands for pg_catalog.
    return Relation(oid, namespace or "pg_catalog", name, identity, columns)


def _type(reader: _Reader) -> Type:
    return Type(oid=reader.number("I"), namespace=reader.string() or "pg_catalog", name=reader.string())


def _insert(reader: _Reader) -> Insert:
    oid = reader.number("I")
    _expect(reader.char(), "N")
    return Insert(oid, reader.tuple())


def _update(reader: _Reader) -> Update:
    oid, kind, old = reader.number("I"), reader.char(), None
    if kind in "KO":
        old, kind = reader.tuple(), reader.char()
    _expect(kind, "N")
    return Update(oid, old, reader.tuple())


def _delete(reader: _Reader) -> Delete:
    oid = reader.number("I")
    _expect(reader.char(), "KO")
    return Delete(oid, reader.tuple())


def _truncate(reader: _Reader) -> Truncate:
    count, options = reader.number("I"), reader.number("B")
    oids = tuple(reader.number("I") for _ in range(count))
    return Truncate(oids, cascade=bool(options & 1), restart_identity=bool(options & 2))


def _expect(found: str, wanted: str) -> None:
    if found not in wanted:
        raise UnknownMessage(f"tuple of kind {found!r}")


_DECODERS: dict[str, Callable[[_Reader], Message]] = {
    "B": _begin,
    "C": _commit,
    "O": _origin,
    "R": _relation,
    "Y": _type,
    "I": _insert,
    "U": _update,
    "D": _delete,
    "T": _truncate,
}
