"""Several writes as one statement: each row as it would be alone, and the keys of all of them."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django_subatomic.db import transaction

from exactly_once.models import HandlerRun, OutboxEvent
from exactly_once.prepared import fetch_prepared
from exactly_once.together import insert, is_new, save, update, write_together

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


def event(name: str) -> OutboxEvent:
    return OutboxEvent(
        aggregatetype="thing",
        aggregateid=name,
        aggregate_version=1,
        type="thing.done",
        payload={"a": [1]},
        schema_version=1,
        occurred_at=NOW,
    )


def run(handler: str) -> HandlerRun:
    return HandlerRun(handler=handler, next_attempt_at=NOW)


def test_rows_and_those_that_belong_to_them_are_one_statement() -> None:
    # Given
    whole, parts = event("one"), [run("mail"), run("export")]
    # When
    with transaction(), CaptureQueriesContext(connection) as asked:
        (event_id,), run_ids = write_together(insert(whole), insert(*parts, parent="event"))
    # Then
    assert len(asked) == 1
    assert [(part.pk, part.event_id) for part in parts] == [(run_id, event_id) for run_id in run_ids]
    assert (whole.pk, is_new(whole), [is_new(part) for part in parts]) == (event_id, False, [False, False])
    stored = HandlerRun.objects.order_by("pk").select_related("event")
    assert [(each.pk, each.handler, each.state, each.event.payload) for each in stored] == [
        (run_ids[0], "mail", "pending", {"a": [1]}),
        (run_ids[1], "export", "pending", {"a": [1]}),
    ]


def test_what_is_saved_is_the_fields_that_are_named() -> None:
    # Given
    with transaction():
        write_together(insert(event("one")), insert(row := run("mail"), parent="event"))
    row.state, row.attempts = "failed", 7
    # When
    with transaction():
        assert write_together(save(row, "state")) == [[row.pk]]
    # Then
    stored = HandlerRun.objects.get()
    assert (stored.state, stored.attempts) == ("failed", 0)


def test_an_update_says_which_rows_it_met() -> None:
    # Given
    with transaction():
        write_together(insert(event("one")), insert(run("mail"), run("export"), parent="event"))
    # When
    with transaction():
        met, none = write_together(
            update(HandlerRun, {"attempts": 3}, where={"handler": "mail", "state": "pending"}),
            update(HandlerRun, {"attempts": 9}, where={"handler": "nobody"}),
        )
    # Then
    assert (met, none) == ([HandlerRun.objects.get(handler="mail").pk], [])
    assert sorted(HandlerRun.objects.values_list("handler", "attempts")) == [("export", 0), ("mail", 3)]


def test_a_write_that_must_meet_one_row_undoes_all_where_it_does_not() -> None:
    # Given
    nobody = update(HandlerRun, {"attempts": 9}, where={"handler": "nobody"}, otherwise=KeyError("nobody"))
    # When
    with pytest.raises(KeyError, match="nobody"), transaction():
        write_together(insert(event("one")), nobody)
    # Then
    assert not OutboxEvent.objects.exists()


def test_a_row_that_is_gone_is_not_saved_silently() -> None:
    with transaction():
        write_together(insert(event("one")), insert(row := run("mail"), parent="event"))
    HandlerRun.objects.all().delete()
    row.state = "failed"

    with pytest.raises(AssertionError, match="is not there"), transaction():
        write_together(save(row, "state"))


def test_a_field_that_nobody_has_set_is_not_saved_silently() -> None:
    with transaction():
        write_together(insert(event("one")), insert(row := run("mail"), parent="event"))

    with pytest.raises(AssertionError, match=r"nobody has set.*attempts"):
        save(row, "next_attempt_at", "attempts")


def test_texts_that_look_like_placeholders_are_texts() -> None:
    # Given
    odd = "100 %, %s, %%s, $1 and 'quotes'"
    # When
    with transaction():
        write_together(insert(event("one")), insert(run(odd), parent="event"))
    # Then
    assert HandlerRun.objects.get().handler == odd
    assert fetch_prepared("SELECT '%%s', %s::text", [odd]) == ("%s", odd)


def test_what_the_database_refuses_undoes_all_of_them() -> None:
    # When the same handler is to have two runs of one event
    with pytest.raises(IntegrityError, match="handler_run_once"), transaction():
        write_together(insert(event("one")), insert(run("mail"), run("mail"), parent="event"))
    # Then
    assert not OutboxEvent.objects.exists()
