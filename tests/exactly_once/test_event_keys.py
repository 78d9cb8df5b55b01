"""What makes two events the same one, and for how long."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from exactly_once.event_keys import check_pointers
from exactly_once.models import EventSource, InboxEvent
from tests.exactly_once.events import NOW, make_source, take_in

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("pointer", "event", "key"),
    [
        ("/id", {"id": "evt_1"}, "evt_1"),
        ("/id", {"id": 7}, "7"),
        ("/meta/0/a~1b~0c", {"meta": [{"a/b~c": "x"}]}, "x"),
        ("/", {"": "x"}, "x"),
        ("/id", {"id": "é" * 255}, "é" * 255),
    ],
)
def test_an_id_is_found_by_its_pointer(pointer: str, event: Any, key: str) -> None:
    make_source(key_pointers=[pointer])

    [taken] = take_in(event)

    assert (taken.result, taken.key) == ("accepted", key)


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ({}, "required"),
        ({"meta": 1}, "required"),
        ({"meta": []}, "required"),
        ({"meta": [{"id": None}]}, "invalid"),
        ({"meta": [{"id": 1.5}]}, "invalid"),
        ({"meta": [{"id": True}]}, "invalid"),
        ({"meta": [{"id": {}}]}, "invalid"),
        ({"meta": [{"id": ""}]}, "blank"),
        ({"meta": [{"id": "x" * 256}]}, "max_length"),
        ({"meta": [{"id": "a\0b"}]}, "null_characters_not_allowed"),
    ],
)
def test_what_cannot_be_an_id_is_invalid_and_named(event: Any, code: str) -> None:
    make_source(key_pointers=["/meta/0/id"])

    [taken] = take_in(event)

    assert (taken.result, taken.key) == ("invalid", None)
    assert [(error.pointer, error.code) for error in taken.errors] == [("/meta/0/id", code)]
    assert not InboxEvent.objects.exists()


def test_an_id_that_is_a_number_now_and_a_text_then_is_one_key_and_tells_the_difference() -> None:
    make_source()

    taken = take_in({"id": 7}, {"id": "7"})

    assert [one.result for one in taken] == ["accepted", "conflict"]


def test_fields_are_a_key_whatever_the_others_say() -> None:
    # Given
    make_source(key_by="content", key_pointers=["/order", "/lines/0/sku"])
    # When
    taken = take_in(
        {"order": 1, "lines": [{"sku": "TEA"}], "sent_at": "12:00"},
        {"lines": [{"sku": "TEA"}], "order": 1.0, "sent_at": "12:01"},
        {"order": 1, "lines": [{"sku": "TEA"}, {"sku": "POT"}]},
        {"order": "1", "lines": [{"sku": "TEA"}]},
        {"order": 1, "lines": [{"sku": "POT"}]},
        {"order": 1, "lines": []},
    )
    # Then
    assert [one.result for one in taken] == ["accepted", "duplicate", "duplicate", "accepted", "accepted", "invalid"]
    # sha256 of [1,"TEA"]
    assert taken[0].key == "1d45cfdad94bbade462c81da8c5f25aad05ce3629e6ab77004b9406d2ee0a14f"
    assert [(error.pointer, error.code) for error in taken[5].errors] == [("/lines/0/sku", "required")]


def test_the_whole_event_can_be_its_key() -> None:
    make_source(key_by="content", key_pointers=[""])

    taken = take_in({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 1, "b": 3})

    assert [one.result for one in taken] == ["accepted", "duplicate", "accepted"]


def test_without_a_window_an_event_is_known_for_ever() -> None:
    make_source()
    take_in({"id": "evt_1"})

    [taken] = take_in({"id": "evt_1"}, now=NOW + timedelta(days=36_500))

    assert taken.result == "duplicate"


def test_a_window_runs_from_the_event_that_was_accepted_and_duplicates_do_not_prolong_it() -> None:
    # Given
    make_source(window=HOUR)
    times = [NOW, NOW + SECOND, NOW + HOUR - SECOND, NOW + HOUR, NOW + 2 * HOUR - SECOND, NOW + 2 * HOUR]
    # When
    results = [take_in({"id": "evt_1"}, now=now)[0].result for now in times]
    # Then: it ends exactly an hour after each acceptance
    assert results == ["accepted", "duplicate", "duplicate", "accepted", "duplicate", "accepted"]
    assert list(InboxEvent.objects.order_by("pk").values_list("generation", "received_at")) == [
        (0, NOW),
        (1, NOW + HOUR),
        (2, NOW + 2 * HOUR),
    ]


def test_a_conflict_is_with_the_latest_one() -> None:
    # Given
    make_source(window=HOUR)
    take_in({"id": "evt_1", "n": 1})
    take_in({"id": "evt_1", "n": 2}, now=NOW + HOUR)
    # When
    taken = take_in({"id": "evt_1", "n": 2}, {"id": "evt_1", "n": 1}, now=NOW + HOUR + SECOND)
    # Then
    assert [one.result for one in taken] == ["duplicate", "conflict"]


def test_a_window_may_be_changed_and_no_event_comes_in_twice_for_that() -> None:
    # Given
    source = make_source()
    take_in({"id": "evt_1"})
    # When
    results = []
    for window, at in [(HOUR, NOW + HOUR), (None, NOW + 9 * HOUR), (2 * HOUR, NOW + 2 * HOUR)]:
        EventSource.objects.filter(pk=source.pk).update(window=window)
        results.append(take_in({"id": "evt_1"}, now=at)[0].result)
    # Then
    assert results == ["accepted", "duplicate", "duplicate"]


@pytest.mark.parametrize("change", [{"name": "other"}, {"key_by": "content"}, {"key_pointers": ["/other"]}])
def test_the_rule_of_a_sources_keys_never_changes(change: dict[str, Any]) -> None:
    make_source()

    with pytest.raises(IntegrityError, match="never change"):
        EventSource.objects.update(**change)


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"window": timedelta(0)}, "event_source_window_positive"),
        ({"key_pointers": ["/a", "/b"]}, "event_source_id_at_one_place"),
        ({"key_by": "guess"}, "event_source_key_kind_known"),
    ],
)
def test_a_source_that_makes_no_sense_is_refused_by_the_database(columns: dict[str, Any], constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        make_source(**columns)


@pytest.mark.parametrize("pointers", [None, "/id", [], ["id"], ["/a~2"], ["/a~"], [1], ["/a"] * 33])
def test_what_is_no_list_of_pointers_is_refused(pointers: Any) -> None:
    with pytest.raises(ValidationError):
        check_pointers(pointers)


@pytest.mark.parametrize("pointers", [["/id"], [""], ["/a~0b/~1", "/0"]])
def test_a_list_of_pointers_is_taken(pointers: list[str]) -> None:
    check_pointers(pointers)
