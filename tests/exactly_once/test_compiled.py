"""Queries that are put into SQL once: the rows are those of today's values, whoever asks, from whichever thread."""

import gc
import warnings
import weakref
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, connections
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext
from django_subatomic.db import transaction

from exactly_once.compiled import Compiled, Given
from exactly_once.models import HandlerRun, OutboxEvent

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)

OF_HANDLER = Compiled(
    lambda: (
        HandlerRun.objects.select_related("event")
        .filter(handler=Given("handler"), state="pending", next_attempt_at__lte=Given("now"))
        .order_by("pk")
    )
)


@pytest.fixture(autouse=True)
def runs() -> None:
    event = OutboxEvent.objects.create(
        aggregatetype="thing", aggregateid="one", aggregate_version=1, type="thing.done", payload={"a": [1]},
        schema_version=1, occurred_at=NOW,
    )  # fmt: skip
    HandlerRun.objects.create(handler="mail", event=event, next_attempt_at=NOW)
    HandlerRun.objects.create(handler="export", event=event, next_attempt_at=NOW)


def test_each_time_the_rows_are_those_of_the_values_given() -> None:
    for handler in ("mail", "export", "mail"):
        assert [run.handler for run in OF_HANDLER(handler=handler, now=NOW)] == [handler]
    assert OF_HANDLER(handler="nobody", now=NOW) == []
    assert OF_HANDLER(handler="mail", now=NOW.replace(hour=11)) == []


def test_rows_are_as_the_query_itself_makes_them() -> None:
    # When
    with CaptureQueriesContext(connection) as asked:
        (run,) = OF_HANDLER(handler="mail", now=NOW)
        payload = run.event.payload
    # Then what is related came with it, and it can be saved
    assert len(asked) == 1
    assert (payload, run.state, run._state.adding, run._state.db) == ({"a": [1]}, "pending", False, "default")
    run.state = "failed"
    run.save(update_fields=["state"])
    assert OF_HANDLER(handler="mail", now=NOW) == []


def test_a_thread_asks_over_its_own_connection() -> None:
    # Given it has been put into SQL here
    OF_HANDLER(handler="mail", now=NOW)

    def ask(_: int) -> tuple[int, int]:
        try:
            found = OF_HANDLER(handler="mail", now=NOW)
            return len(found), connection.connection.info.backend_pid
        finally:
            connection.close()

    # When
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(ask, range(8)))
    # Then
    assert [found for found, _ in answers] == [1] * 8
    assert connection.connection.info.backend_pid not in {pid for _, pid in answers}


@pytest.mark.parametrize(
    "given",
    [{"handler": "mail"}, {"handler": "mail", "now": NOW, "more": 1}, {"handler": None, "now": NOW}],
    ids=["one is missing", "one too many", "none"],
)
def test_each_name_has_a_value(given: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=r"handler.*now"):
        OF_HANDLER(**given)


def test_rows_are_locked_in_a_transaction_alone() -> None:
    # Given a query that has been put into SQL already
    locking = Compiled(lambda: HandlerRun.objects.select_for_update().filter(handler=Given("handler")))
    with transaction():
        assert len(locking(handler="mail")) == 1
    # Then
    with pytest.raises(TransactionManagementError):
        locking(handler="mail")


def test_the_connection_of_whoever_came_first_is_not_kept() -> None:
    # Given
    asked = Compiled(lambda: HandlerRun.objects.filter(handler=Given("handler")))

    def ask() -> weakref.ref[Any]:
        asked(handler="mail")
        return weakref.ref(connections["default"])

    # When the thread ends, and nobody has closed what it opened
    with ThreadPoolExecutor(1) as threads, warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        theirs = threads.submit(ask).result()
    gc.collect()
    # Then
    assert theirs() is None
