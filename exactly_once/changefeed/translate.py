"""From pgoutput's messages to batches for a sink: one per commit, without what the sink already has."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from exactly_once.changefeed import pgoutput
from exactly_once.changefeed.entries import Batch, Change, Entry, Row, Shape, State
from exactly_once.changefeed.pgoutput import Delete, Insert, Relation, Truncate, Tuple, Unchanged, Update

type Describe = Callable[[Relation, Shape | None], Shape]
type RowChange = tuple[Relation, Change]


def batches(
    messages: Iterable[bytes], *, after: State, shapes: dict[str, Shape], describe: Describe
) -> Iterator[Batch]:
    """Yield a batch per commit, with what in it is beyond ``after``: nothing, where the sink has it all.

    :param messages: of whole transactions, in the order of their commits.
    :param shapes: what the sink knows; kept up to date. Only what is yielded may change it: a message that the sink
        has had describes a table as it was earlier.
    """
    relations: dict[int, Relation] = {}
    changes: list[RowChange] = []
    for data in messages:
        match pgoutput.decode(data):
            case Relation() as relation:
                relations[relation.oid] = relation
            case pgoutput.Begin():
                changes = []
            case Insert() | Update() | Delete() | Truncate() as message:
                changes.extend(_changes(message, relations))
            case pgoutput.Commit(end_lsn=end) as commit:
                done = after.ordinal if end == after.lsn else 0 if end > after.lsn else len(changes)
                entries = tuple(_entries(changes, done, shapes, describe))
                yield Batch(State(after.epoch, end, len(changes)), entries, commit.committed_at)
            case _:
                pass


def _entries(changes: list[RowChange], done: int, shapes: dict[str, Shape], describe: Describe) -> Iterator[Entry]:
    described: dict[int, Relation] = {}
    for ordinal, (relation, change) in enumerate(changes, start=1):
        if ordinal <= done:
            continue
        if described.get(relation.oid) is not relation:
            described[relation.oid] = relation
            known = shapes.get(relation.table)
            shape = describe(relation, known)
            if shape != known:
                shapes[relation.table] = shape
                yield Entry(ordinal, shape)
        yield Entry(ordinal, change)


def _changes(message: Insert | Update | Delete | Truncate, relations: Mapping[int, Relation]) -> Iterator[RowChange]:
    if isinstance(message, Truncate):
        for oid in message.relation_oids:
            yield relations[oid], Change("truncate", relations[oid].table)
        return
    relation = relations[message.relation_oid]
    match message:
        case Insert(new=new):
            yield relation, Change("insert", relation.table, row=_row(relation, new))
        case Update(old=old, new=new):
            key = _key(relation, old or new)
            yield relation, Change("update", relation.table, key=key, row=_row(relation, new))
        case Delete(old=old):
            yield relation, Change("delete", relation.table, key=_key(relation, old))


def _row(relation: Relation, values: Tuple) -> Row:
    pairs = zip(relation.columns, values, strict=True)
    return {column.name: value for column, value in pairs if not isinstance(value, Unchanged)}


def _key(relation: Relation, values: Tuple) -> Row:
    keys = {column.name for column in relation.columns if column.key}
    return {name: value for name, value in _row(relation, values).items() if name in keys}
