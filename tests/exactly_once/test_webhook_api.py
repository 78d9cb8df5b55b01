"""Clients manage their webhook endpoints over HTTP, each its own, and have what failed sent again."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client
from django_subatomic.db import transaction
from pytest_django import Settings

from exactly_once import webhook_endpoints, webhook_resend
from exactly_once.models import IdempotencyKey, WebhookDelivery, WebhookEndpoint, WebhookSecret
from tests.api import Api, everything, problem

pytestmark = pytest.mark.django_db(transaction=True)

HOOKS = "/api/v1/webhook-endpoints"
WANTED = {"url": "https://shop.example/hooks", "event_types": ["order.*"], "description": "Zoë's"}


@pytest.fixture
def api() -> Api:
    return Api("webhooks")


@pytest.fixture
def endpoint(api: Api) -> str:
    return str(read(api.post(HOOKS, WANTED), 201)["id"])


def read(answer: HttpResponse, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    document = json.loads(answer.content)
    assert isinstance(document, dict)
    return document


def deliveries(endpoint: str, *states: str) -> list[WebhookDelivery]:
    """Make a delivery of each state, by test events."""
    rows = []
    for state in states:
        with transaction():
            row = webhook_endpoints.send_test(endpoint_id=endpoint, client="cli_test", now=datetime.now(UTC))
        if state != "pending":
            WebhookDelivery.objects.filter(pk=row.pk).update(state=state, next_attempt_at=None)
        rows.append(row)
    return rows


def test_a_secret_is_told_once_and_a_retry_hears_it_again(api: Api) -> None:
    # Given
    key = str(uuid4())
    # When
    first, again = (api.post(HOOKS, WANTED, **{"Idempotency-Key": key}) for _ in range(2))
    # Then
    made = read(first, 201)
    assert again.content == first.content
    assert again["Idempotent-Replayed"] == "true"
    assert made["secret"] == WebhookSecret.objects.get().secret
    assert {name: made[name] for name in WANTED} == WANTED
    assert (made["enabled"], made["disabled_reason"]) == (True, "")
    # And then
    shown = read(api.get(first["Location"]))
    assert shown == {name: value for name, value in made.items() if name != "secret"}
    assert read(api.get(HOOKS)) == {"data": [shown], "next": None}


def test_the_admin_hides_the_secret_of_a_stored_answer(api: Api, endpoint: str, admin_client: Client) -> None:
    key = IdempotencyKey.objects.get()

    page = admin_client.get(f"/admin/exactly_once/idempotencykey/{key.pk}/change/").content.decode()

    assert endpoint in page
    assert "whsec_(hidden)" in page
    assert WebhookSecret.objects.get().secret.removeprefix("whsec_")[:20] not in page


@pytest.mark.parametrize(
    ("wrong", "code", "pointer"),
    [
        ({"url": "http://shop.example/"}, "webhook_url_refused", None),
        ({"url": "https://[::1]/"}, "webhook_url_refused", None),
        ({"url": 7}, "invalid_input", "/url"),
        ({"event_types": []}, "invalid_input", "/event_types"),
        ({"event_types": ["order.*", "order*"]}, "invalid_input", "/event_types/1"),
        ({"client": "cli_other"}, "invalid_input", "/client"),
        ({"secret": "whsec_mine"}, "invalid_input", "/secret"),
    ],
)
def test_a_wrong_endpoint_is_refused_and_nothing_changes(
    api: Api, wrong: dict[str, Any], code: str, pointer: str | None
) -> None:
    before = everything()

    refusal = problem(api.post(HOOKS, WANTED | wrong))

    assert (refusal["status"], refusal["code"]) == (400, code)
    assert [error["pointer"] for error in refusal.get("errors", [])] == ([pointer] if pointer else [])
    assert everything() == before


def test_plain_addresses_are_taken_where_the_setting_allows_them(api: Api, settings: Settings) -> None:
    settings.WEBHOOKS_ALLOW_PRIVATE = True

    assert api.post(HOOKS, WANTED | {"url": "http://127.0.0.1:8000/"}).status_code == 201


def test_an_endpoint_is_changed_and_switched_off(api: Api, endpoint: str) -> None:
    changed = read(api.request("PATCH", f"{HOOKS}/{endpoint}", {"enabled": False, "event_types": ["*"]}))

    assert (changed["enabled"], changed["event_types"], changed["url"]) == (False, ["*"], WANTED["url"])
    assert read(api.get(f"{HOOKS}/{endpoint}")) == changed
    refusal = problem(api.request("PATCH", f"{HOOKS}/{endpoint}", {"url": "https://localhost/"}))
    assert refusal["code"] == "webhook_url_refused"


def test_a_rotation_happens_once_for_each_key(api: Api, endpoint: str) -> None:
    # When
    key = {"Idempotency-Key": str(uuid4())}
    answers = [read(api.post(f"{HOOKS}/{endpoint}/rotate-secret", {"overlap_seconds": 60}, **key)) for _ in range(2)]
    # Then
    old, new = WebhookSecret.objects.order_by("pk")
    assert answers[0] == answers[1]
    assert answers[0]["secret"] == new.secret
    assert old.valid_until == new.valid_from + timedelta(seconds=60)


@pytest.mark.parametrize("seconds", [-1, 604_801, 1.5, "60"])
def test_an_overlap_is_whole_seconds_up_to_a_week(api: Api, endpoint: str, seconds: object) -> None:
    refusal = problem(api.post(f"{HOOKS}/{endpoint}/rotate-secret", {"overlap_seconds": seconds}))

    assert [error["pointer"] for error in refusal["errors"]] == ["/overlap_seconds"]
    assert WebhookSecret.objects.count() == 1


def test_a_test_event_is_due_at_once_for_this_endpoint_alone(api: Api, endpoint: str) -> None:
    api.post(HOOKS, WANTED | {"event_types": ["*"]})

    due = read(api.post(f"{HOOKS}/{endpoint}/test"), 202)

    assert (due["event_type"], due["state"], due["attempts"]) == ("webhook_endpoint.test", "pending", 0)
    row = WebhookDelivery.objects.get()
    assert (str(row.event_id), row.endpoint.public_id) == (due["event_id"], endpoint)


def test_deliveries_come_newest_first_by_pages_and_by_state(api: Api, endpoint: str) -> None:
    # Given
    made = [str(row.event_id) for row in deliveries(endpoint, "dead", "pending", "dead", "delivered")]
    # When
    first = read(api.get(f"{HOOKS}/{endpoint}/deliveries?limit=3"))
    rest = read(api.get(first["next"]))
    dead = read(api.get(f"{HOOKS}/{endpoint}/deliveries?state=dead"))
    # Then
    assert [row["event_id"] for row in first["data"] + rest["data"]] == made[::-1]
    assert rest["next"] is None
    assert [(row["event_id"], row["state"]) for row in dead["data"]] == [(made[2], "dead"), (made[0], "dead")]
    # And
    refusal = problem(api.get(f"{HOOKS}/{endpoint}/deliveries?state=lost"))
    assert [(error["pointer"], error["code"]) for error in refusal["errors"]] == [("/state", "unknown_choice")]


def test_one_delivery_is_sent_again_but_not_while_it_is_tried(api: Api, endpoint: str) -> None:
    [row] = deliveries(endpoint, "delivered")
    address = f"{HOOKS}/{endpoint}/deliveries/{row.event_id}/resend"

    assert read(api.post(address), 202)["state"] == "pending"
    assert problem(api.post(address))["code"] == "webhook_delivery_pending"
    unknown = problem(api.post(f"{HOOKS}/{endpoint}/deliveries/{uuid4()}/resend"))
    assert (unknown["status"], unknown["code"]) == (404, "webhook_delivery_not_found")


def test_the_dead_of_a_span_of_time_are_sent_again(api: Api, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given
    monkeypatch.setattr(webhook_resend, "MAX_RESENT", 2)
    rows = deliveries(endpoint, "dead", "dead", "dead", "delivered", "dead")
    span = {"created_from": "2026-01-01T00:00:00Z", "created_before": "2026-01-02T00:00:00Z"}
    WebhookDelivery.objects.exclude(pk=rows[-1].pk).update(created_at=datetime(2026, 1, 1, tzinfo=UTC))
    # When
    answers = [read(api.post(f"{HOOKS}/{endpoint}/resend-dead", span), 202) for _ in range(3)]
    # Then
    assert answers == [{"resent": 2, "more": True}, {"resent": 1, "more": False}, {"resent": 0, "more": False}]
    states = list(WebhookDelivery.objects.order_by("pk").values_list("state", flat=True))
    assert states == ["pending", "pending", "pending", "delivered", "dead"]


def test_nothing_is_sent_to_an_endpoint_that_is_off(api: Api, endpoint: str) -> None:
    # Given
    [row] = deliveries(endpoint, "dead")
    WebhookEndpoint.objects.update(enabled=False)
    before = list(WebhookDelivery.objects.values())
    span = {"created_from": "2026-01-01T00:00:00Z", "created_before": "2099-01-01T00:00:00Z"}
    asked = {"test": {}, "resend-dead": span, f"deliveries/{row.event_id}/resend": {}}
    # When
    codes = {problem(api.post(f"{HOOKS}/{endpoint}/{path}", body))["code"] for path, body in asked.items()}
    # Then
    assert codes == {"webhook_endpoint_disabled"}
    assert list(WebhookDelivery.objects.values()) == before


def test_another_client_finds_nothing(endpoint: str) -> None:
    # Given
    [row] = deliveries(endpoint, "dead")
    other = Api("webhooks", client="cli_other")
    before = everything()
    mine = f"{HOOKS}/{endpoint}"
    span = {"created_from": "2026-01-01T00:00:00Z", "created_before": "2099-01-01T00:00:00Z"}
    # When
    answers = [
        other.get(mine),
        other.get(f"{mine}/deliveries"),
        other.request("PATCH", mine, {"enabled": False}),
        other.post(f"{mine}/rotate-secret"),
        other.post(f"{mine}/test"),
        other.post(f"{mine}/resend-dead", span),
        other.post(f"{mine}/deliveries/{row.event_id}/resend"),
    ]
    # Then
    assert {problem(answer)["code"] for answer in answers} == {"webhook_endpoint_not_found"}
    assert read(other.get(HOOKS)) == {"data": [], "next": None}
    assert without_keys(everything()) == without_keys(before)


def without_keys(rows: dict[str, list[str]]) -> dict[str, list[str]]:
    """Leave out the keys, under which refusals are stored."""
    return {model: theirs for model, theirs in rows.items() if model != "exactly_once.IdempotencyKey"}


def test_a_key_needs_the_scope() -> None:
    refusal = problem(Api("checkout", "payments", "ledger:write", "events:write").get(HOOKS))

    assert (refusal["status"], refusal["code"]) == (403, "scope_missing")


def test_each_effect_needs_an_idempotency_key(api: Api, endpoint: str) -> None:
    for path in ("", f"/{endpoint}/rotate-secret", f"/{endpoint}/test"):
        answer = api.request("POST", HOOKS + path, {} if path else WANTED)
        assert problem(answer)["code"] == "idempotency_key_required"
