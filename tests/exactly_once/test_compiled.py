"""Queries that are put into SQL once: the rows are those of today's values, whoever asks, from whichever thread."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

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


def test_a_value_that_is_missing_is_an_error() -> None:
    with pytest.raises(KeyError, match="now"):
        OF_HANDLER(handler="mail")
