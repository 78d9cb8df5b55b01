"""The entrance for events: each once, whoever sends it how often, and what it answers."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from exactly_once.models import EventTally, InboxEvent
from tests.api import Api, everything, problem
from tests.exactly_once.events import body_of, counted, make_source, results, send, send_batch, sender

pytestmark = pytest.mark.django_db(transaction=True)

EVENT = {"id": "evt_1", "type": "parcel.delivered", "weight": 1.50}
FORM = b'{"id":"evt_1","type":"parcel.delivered","weight":1.5}'

MISSING = {"pointer": "/id", "code": "required", "detail": "This field is part of the event's key, and is missing."}
NO_OBJECT = {"pointer": "", "code": "invalid", "detail": "An event is a JSON object."}


@pytest.fixture
def api() -> Api:
    make_source()
    return sender()


def assert_one_statement(queries: CaptureQueriesContext) -> None:
    """The API key and the source are read; then one statement commits by itself, no BEGIN, no COMMIT."""
    key, source, events = [query["sql"] for query in queries]
    assert 'FROM "access_apikey"' in key
    assert 'FROM "exactly_once_eventsource"' in source
    assert "INSERT INTO exactly_once_inboxevent" in events


def test_a_new_event_is_accepted_and_kept_in_its_canonical_form(api: Api) -> None:
    # When
    answer = send(api, EVENT)
    # Then
    assert answer.status_code == 202
    assert json.loads(answer.content) == {"result": "accepted", "key": "evt_1", "errors": []}
    kept = InboxEvent.objects.get()
    assert (kept.source, kept.account, kept.event_id, kept.generation) == ("events:parcels", "cli_test", "evt_1", 0)
    assert body_of(kept) == FORM
    assert (kept.state, kept.next_attempt_at) == ("processed", None)
    assert kept.processed_at == kept.received_at


def test_the_same_event_again_is_a_duplicate_however_it_is_written(api: Api) -> None:
    # Given
    send(api, EVENT)
    # When
    answer = send(api, b'{ "weight": 15e-1, "type": "parcel.delivered", "id": "evt_1" }')
    # Then
    assert answer.status_code == 200
    assert json.loads(answer.content) == {"result": "duplicate", "key": "evt_1", "errors": []}
    assert InboxEvent.objects.count() == 1
    assert counted() == (1, 1, 0, 0)


def test_another_event_under_a_known_key_is_a_conflict_and_the_first_one_stays(api: Api) -> None:
    # Given
    send(api, EVENT)
    # When
    answer = send(api, {**EVENT, "weight": 2})
    # Then
    refusal = problem(answer)
    assert (refusal["status"], refusal["code"], refusal["key"]) == (409, "event_conflict", "evt_1")
    assert body_of(InboxEvent.objects.get()) == FORM
    assert counted() == (1, 0, 1, 0)


def test_no_idempotency_key_is_needed_and_one_changes_nothing(api: Api) -> None:
    assert api.post("/api/v1/events/parcels", EVENT).status_code == 202
    assert api.post("/api/v1/events/parcels", EVENT).status_code == 200


def test_the_same_key_of_another_client_or_source_is_another_event(api: Api) -> None:
    # Given
    make_source("letters")
    send(api, EVENT)
    # Then
    assert send(sender(client="cli_other"), EVENT).status_code == 202
    assert send(api, EVENT, source="letters").status_code == 202
    assert InboxEvent.objects.count() == 3


def test_a_batch_says_of_each_event_what_it_was_in_their_order(api: Api) -> None:
    # Given
    send(api, {"id": "known", "n": 1})
    # When
    answer = send_batch(
        api,
        {"id": "z"},
        {"id": "known", "n": 1},
        {"id": "known", "n": 2},
        {"id": "a", "n": 1},
        {"id": "a", "n": 1},
        {"id": "a", "n": 2},
        {"n": 1},
        "no object",
    )
    # Then
    good = ["accepted", "duplicate", "conflict"]
    assert results(answer) == [*good, *good, "invalid", "invalid"]
    assert [one["key"] for one in answer["results"]] == ["z", "known", "known", "a", "a", "a", None, None]
    assert [one["errors"] for one in answer["results"]] == [[]] * 6 + [[MISSING], [NO_OBJECT]]
    del answer["results"]
    assert answer == {"accepted": 2, "duplicates": 2, "conflicts": 2, "invalid": 2}
    assert sorted(InboxEvent.objects.values_list("event_id", flat=True)) == ["a", "known", "z"]
    assert counted() == (3, 2, 2, 2)


def test_a_batch_of_a_thousand_is_taken_in_by_one_statement(api: Api) -> None:
    # Given a key, a source and a batch that is half known
    events = [{"id": f"evt_{number}"} for number in range(1_000)]
    send_batch(api, *events[:500])
    # When
    with CaptureQueriesContext(connection) as queries:
        answer = send_batch(api, *reversed(events))
    # Then
    assert results(answer) == ["accepted"] * 500 + ["duplicate"] * 500
    assert_one_statement(queries)
    assert InboxEvent.objects.count() == 1_000
    assert counted() == (1_000, 500, 0, 0)


def test_a_single_event_is_taken_in_by_one_statement(api: Api) -> None:
    with CaptureQueriesContext(connection) as queries:
        send(api, EVENT)

    assert_one_statement(queries)


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"events": []}, "/events", "empty"),
        ({"events": [{"id": str(number)} for number in range(1_001)]}, "/events", "max_length"),
        ({"events": {"id": "evt_1"}}, "/events", "not_a_list"),
        ({"events": None}, "/events", "required"),
        ({}, "/events", "required"),
        (b"", "/events", "required"),
        ([{"id": "evt_1"}], "", "invalid"),
        ({"events": [{"id": "evt_1"}], "mode": "x"}, "/mode", "unknown_field"),
    ],
)
def test_what_is_no_batch_is_refused_as_a_whole(api: Api, body: Any, pointer: str, code: str) -> None:
    # Given
    before = everything()
    # When
    refusal = problem(api.request("POST", "/api/v1/events/parcels/batch", body))
    # Then
    assert (refusal["status"], refusal["code"]) == (400, "invalid_input")
    assert [(error["pointer"], error["code"]) for error in refusal["errors"]] == [(pointer, code)]
    assert everything() == before


def test_a_batch_may_have_one_event(api: Api) -> None:
    assert results(send_batch(api, EVENT)) == ["accepted"]


@pytest.mark.parametrize("body", [b'{"events": [{"id": "\\ud800"}]}', b'{"events": [{"id": 9007199254740993}]}', b"{"])
def test_a_batch_that_readers_take_differently_is_malformed(api: Api, body: bytes) -> None:
    refusal = problem(api.request("POST", "/api/v1/events/parcels/batch", body))

    assert (refusal["status"], refusal["code"]) == (400, "malformed_json")
    assert not InboxEvent.objects.exists()


def test_a_batch_has_a_limit_of_its_own(api: Api, settings: Any) -> None:
    # Given
    settings.EVENT_BATCH_MAX_BYTES = 2 * 1024 * 1024
    long = {"id": "evt_1", "text": "x" * 1_500_000}
    # Then a batch may be longer than any other body, up to its limit
    assert problem(send(api, long))["code"] == "body_too_large"
    assert results(send_batch(api, long)) == ["accepted"]
    too_long = api.request("POST", "/api/v1/events/parcels/batch", {"events": [long, long]})
    assert (problem(too_long)["code"], too_long.status_code) == ("body_too_large", 413)


def test_a_body_in_chunks_has_the_same_limits() -> None:
    from config.wsgi import application

    batch, single = (application._limit_of(f"/api/v1/events/{path}") for path in ("parcels/batch", "parcels"))

    assert (batch, single) == (8 * 1024 * 1024, 1024 * 1024)


@pytest.mark.parametrize("path", ["/api/v1/events/{}", "/api/v1/events/{}/batch"])
@pytest.mark.parametrize(
    ("source", "status", "code"),
    [("unknown", 404, "event_source_not_found"), ("closed", 409, "event_source_disabled")],
)
def test_a_source_that_takes_no_events_is_named(api: Api, path: str, source: str, status: int, code: str) -> None:
    # Given
    make_source("closed", enabled=False)
    before = everything()
    # When
    refusal = problem(api.request("POST", path.format(source), {"events": [EVENT]}))
    # Then
    assert (refusal["status"], refusal["code"]) == (status, code)
    assert everything() == before


@pytest.mark.parametrize("scopes", [(), ("events:read",), ("checkout", "payments", "ledger:read", "ledger:write")])
def test_a_key_without_the_scope_sends_nothing(api: Api, scopes: tuple[str, ...]) -> None:
    # Given
    other = Api(*scopes)
    # Then
    assert problem(send(other, EVENT))["code"] == "scope_missing"
    assert (
        problem(other.request("POST", "/api/v1/events/parcels/batch", {"events": [EVENT]}))["code"] == "scope_missing"
    )
    assert problem(Api("events:write").get("/api/v1/event-sources"))["code"] == "scope_missing"
    assert not InboxEvent.objects.exists()
    assert not EventTally.objects.exists()


def test_a_client_reads_the_sources_with_the_counts_of_its_own_events(api: Api) -> None:
    # Given
    send_batch(api, EVENT, EVENT, {"id": 7}, {"id": True})
    send(sender(client="cli_other"), EVENT)
    # When
    source = json.loads(api.get("/api/v1/event-sources/parcels").content)
    # Then
    del source["created_at"]
    assert source == {
        "name": "parcels",
        "enabled": True,
        "has_handler": False,
        "key_by": "id",
        "key_pointers": ["/id"],
        "window_seconds": None,
        "schema": None,
        "accepted": 2,
        "duplicates": 1,
        "conflicts": 0,
        "invalid": 1,
    }
    page = json.loads(api.get("/api/v1/event-sources").content)
    assert [(one["name"], one["accepted"]) for one in page["data"]] == [("parcels", 2)]
    assert problem(api.get("/api/v1/event-sources/none"))["code"] == "event_source_not_found"
    assert counted() == (3, 1, 0, 1)
