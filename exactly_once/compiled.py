"""Queries that Django puts into SQL once per process, and that then run with other values.

For the few that every payment runs: to put a query into SQL takes Django longer than PostgreSQL takes to answer it.
"""

from collections.abc import Callable, Sequence
from copy import copy
from functools import cached_property
from types import SimpleNamespace
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Expression, Model, QuerySet
from django.db.transaction import TransactionManagementError


class Given(Expression):
    """Stands in a query for a value that is given each time, under a name; not for None, which is other SQL.

    The value goes to PostgreSQL as it is, not through the field: a UUID for a column of UUIDs.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return "%s", (self,)


class Compiled[Row: Model]:
    """A query of rows: ``Compiled(lambda: Thing.objects.filter(name=Given("name")))(name="one")``.

    It is made at its first use, when all models are there. Nothing in it may depend on the time or the thread.
    """

    def __init__(self, make: Callable[[], QuerySet[Row]]) -> None:
        self._make = make

    def __call__(self, **given: Any) -> list[Row]:
        """Run it with a value for each name.

        :raises TypeError: another name, or none, or None for a value.
        :raises TransactionManagementError: it locks rows, and no transaction is open.
        """
        queryset, compiler, sql, parameters = self._made
        names = {value.name for value in parameters if isinstance(value, Given)}
        if names != given.keys() or None in given.values():
            raise TypeError(f"a value is to be given for each of {sorted(names)}, not {given}")
        if queryset.query.select_for_update and not connections[DEFAULT_DB_ALIAS].in_atomic_block:
            raise TransactionManagementError("rows are locked until the transaction ends: one has to be open")
        values = tuple([given[value.name] if isinstance(value, Given) else value for value in parameters])
        asking = copy(compiler)
        # This thread's, not a name for it that is looked up each time.
        asking.connection = connections[DEFAULT_DB_ALIAS]
        asking.as_sql = lambda: (sql, values)
        return list(_rows_of(queryset, asking))

    @cached_property
    def _made(self) -> tuple[Any, Any, str, Sequence[Any]]:
        queryset: Any = self._make()
        compiler = queryset.query.get_compiler(DEFAULT_DB_ALIAS)
        sql, parameters = compiler.as_sql()
        converters = compiler.get_converters([column for column, _, _ in compiler.select])
        compiler.get_converters = lambda _: converters
        compiler.connection = None  # that of whoever came first would stay open
        return queryset, compiler, sql, parameters


def _rows_of(queryset: Any, compiler: Any) -> Any:
    """Have the queryset's own way to make rows run this compiler instead of a new one."""
    asked = SimpleNamespace(
        db=DEFAULT_DB_ALIAS,
        query=SimpleNamespace(get_compiler=lambda using: compiler),  # noqa: ARG005 - Django's signature
        _fetch_mode=queryset._fetch_mode,  # noqa: SLF001 - what Django's iterables themselves read
        _known_related_objects={},
    )
    return queryset._iterable_class(asked)  # noqa: SLF001 - the same
