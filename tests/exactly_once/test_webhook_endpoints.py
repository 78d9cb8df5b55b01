"""Endpoints are made, changed and given new secrets; a secret is told once, and stands in no log and on no page."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django_subatomic.db import transaction
from standardwebhooks import Webhook
from structlog.testing import capture_logs

from exactly_once import webhook_endpoints
from exactly_once.admin import webhook_deliveries
from exactly_once.errors import InvalidInput, NotFound, Refused
from exactly_once.models import WebhookDelivery, WebhookEndpoint
from exactly_once.webhook_endpoints import EndpointChange
from tests.concurrency.crowd import crowd

pytestmark = [
    pytest.mark.django_db(transaction=True),
    # django-unfold's, not ours: it still serves older Djangos, too.
    pytest.mark.filterwarnings("ignore:Overriding get_action_choices"),
]

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DAY = timedelta(hours=24)


def create(**different: Any) -> tuple[WebhookEndpoint, str]:
    wanted = {"client": "cli_test", "url": "https://shop.example/hooks", "event_types": ["order.*"], "description": ""}
    with transaction():
        return webhook_endpoints.create_endpoint(**(wanted | different), now=NOW, allow_private=False)


def change(endpoint: WebhookEndpoint, change: EndpointChange, client: str = "cli_test") -> WebhookEndpoint:
    with transaction():
        return webhook_endpoints.change_endpoint(
            endpoint_id=endpoint.public_id, client=client, change=change, allow_private=False
        )


def rotate(endpoint: WebhookEndpoint, now: datetime = NOW, **options: Any) -> str:
    return webhook_endpoints.rotate_secret(endpoint_id=endpoint.public_id, client="cli_test", now=now, **options)[1]


def validity(endpoint: WebhookEndpoint) -> list[tuple[datetime, datetime | None]]:
    return list(endpoint.secrets.order_by("pk").values_list("valid_from", "valid_until"))


def test_a_new_endpoint_has_a_secret_that_the_standard_library_takes() -> None:
    endpoint, secret = create()

    assert Webhook(secret).sign("id", NOW, "{}").startswith("v1,")
    assert len(secret) == len("whsec_") + 44
    assert endpoint.public_id.startswith("wep_")
    assert validity(endpoint) == [(NOW, None)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://shop.example/"},
        {"url": "https://127.0.0.1/"},
        {"event_types": []},
        {"event_types": ["order.*"] * 51},
        {"event_types": ["order*"]},
        {"event_types": ["Order.confirmed"]},
        {"event_types": ["*.confirmed"]},
    ],
)
def test_what_no_webhook_could_reach_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        create(**wrong)

    assert WebhookEndpoint.objects.count() == 0


def test_a_rotation_lets_the_old_secret_go_on_for_a_day() -> None:
    # Given
    endpoint, first = create()
    # When
    second = rotate(endpoint)
    # Then
    assert first != second
    assert validity(endpoint) == [(NOW, NOW + DAY), (NOW, None)]
    # And a leaked one can be ended at once
    rotate(endpoint, overlap=timedelta(0))
    assert validity(endpoint) == [(NOW, NOW), (NOW, NOW), (NOW, None)]


def test_secrets_that_are_valid_stay_few() -> None:
    # Given
    endpoint, _ = create()
    for _ in range(webhook_endpoints.MAX_VALID_SECRETS - 1):
        rotate(endpoint)
    before = validity(endpoint)
    # When
    with pytest.raises(Refused) as refused:
        rotate(endpoint)
    # Then
    assert refused.value.code == "webhook_secrets_too_many"
    assert validity(endpoint) == before
    assert rotate(endpoint, NOW + DAY)


def test_another_client_changes_nothing() -> None:
    endpoint, _ = create()

    with pytest.raises(NotFound) as refused:
        change(endpoint, EndpointChange(enabled=False), client="cli_other")

    assert refused.value.code == "webhook_endpoint_not_found"
    endpoint.refresh_from_db()
    assert endpoint.enabled


def test_two_requests_do_not_both_find_room_for_the_last_endpoint() -> None:
    # Given
    endpoint, _ = create()
    for _ in range(webhook_endpoints.MAX_ENABLED - 2):
        create()
    # When
    results = crowd(4, lambda _: create())
    # Then
    assert sorted(type(result).__name__ for result in results) == ["Refused", "Refused", "Refused", "tuple"]
    # And a place that was given up is taken, and not given back
    change(endpoint, EndpointChange(enabled=False))
    create()
    with pytest.raises(Refused):
        change(endpoint, EndpointChange(enabled=True))


def test_no_log_has_a_secret() -> None:
    with capture_logs() as lines:
        endpoint, first = create()
        second = rotate(endpoint)

    assert [line["event"] for line in lines] == ["webhook.endpoint_created", "webhook.secret_rotated"]
    assert not any(secret in str(lines) for secret in (first, second))


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("boss"))
    return client


def address(page: str, *args: object, model: str = "webhookendpoint") -> str:
    return reverse(f"admin:exactly_once_{model}_{page}", args=args)


INLINE = {"secrets-TOTAL_FORMS": "0", "secrets-INITIAL_FORMS": "0"}


def test_the_admin_makes_an_endpoint_and_tells_its_secret_once(browser: Client) -> None:
    # When
    wanted = {"client": "cli_test", "url": "https://shop.example/", "event_types": '["*"]', "description": "x"}
    page = browser.post(address("add"), wanted | INLINE, follow=True).content.decode()
    # Then
    endpoint = WebhookEndpoint.objects.get()
    secret = endpoint.secrets.get().secret
    assert secret in page.replace("&#x2B;", "+")
    for again in (address("changelist"), address("change", endpoint.pk)):
        assert "whsec_" not in browser.get(again).content.decode()


@pytest.mark.parametrize("wrong", [{"url": "https://[::1]/"}, {"event_types": '["A"]'}, {"event_types": '{"a": 1}'}])
def test_the_admin_refuses_what_the_api_refuses(browser: Client, wrong: dict[str, str]) -> None:
    wanted = {"client": "cli_test", "url": "https://shop.example/", "event_types": '["*"]'}

    assert browser.post(address("add"), wanted | wrong | INLINE).status_code == 200
    assert WebhookEndpoint.objects.count() == 0


def test_the_admin_switches_an_endpoint_off(browser: Client) -> None:
    endpoint, _ = create()

    wanted = {"url": endpoint.url, "event_types": '["order.*"]', "description": ""}
    answer = browser.post(address("change", endpoint.pk), wanted | INLINE)

    assert answer.status_code == 302
    endpoint.refresh_from_db()
    assert not endpoint.enabled


def test_the_admin_asks_before_it_rotates_and_a_second_click_does_nothing(browser: Client) -> None:
    # Given
    endpoint, _ = create()
    ask = {"action": "rotate_secret", "_selected_action": [endpoint.pk]}
    # When
    page = browser.post(address("changelist"), ask)
    # Then
    assert "1 of 1 given a new secret" in page.content.decode()
    assert endpoint.secrets.count() == 1
    # When
    answer = ask | {"confirmed": "yes"} | dict(pair for pair in page.context["hidden"] if "newest" in pair[0])
    told = browser.post(address("changelist"), answer, follow=True).content.decode()
    again = browser.post(address("changelist"), answer, follow=True).content.decode()
    # Then
    assert "whsec_" in told
    assert "rotated the secret in the meantime" in again
    assert endpoint.secrets.count() == 2


def test_the_admin_switches_endpoints_off_after_a_question(browser: Client) -> None:
    # Given
    on, off = create()[0], create()[0]
    WebhookEndpoint.objects.filter(pk=off.pk).update(enabled=False)
    ask = {"action": "switch_off", "_selected_action": [on.pk, off.pk]}
    # When
    page = browser.post(address("changelist"), ask).content.decode()
    # Then
    assert [told in page for told in ("1 of 2 switched off", "1 of 2 left alone")] == [True, True]
    on.refresh_from_db()
    assert on.enabled
    # When
    page = browser.post(address("changelist"), ask | {"confirmed": "yes"}, follow=True).content.decode()
    # Then
    assert "1 switched off." in page
    assert not WebhookEndpoint.objects.filter(enabled=True).exists()


def test_the_admin_asks_before_it_sends_again(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given
    woken: list[tuple[object, ...]] = []
    monkeypatch.setattr(webhook_deliveries, "wake", lambda *call: woken.append(call))
    endpoint, _ = create()
    with transaction():
        delivery = webhook_endpoints.send_test(endpoint_id=endpoint.public_id, client="cli_test", now=NOW)
    WebhookDelivery.objects.update(state="dead", next_attempt_at=None)
    ask = {"action": "resend", "_selected_action": [delivery.pk]}
    # When
    page = browser.post(address("changelist", model="webhookdelivery"), ask).content.decode()
    # Then
    assert "1 of 1 sent again, for three more days" in page
    assert woken == []
    # When
    page = browser.post(
        address("changelist", model="webhookdelivery"), ask | {"confirmed": "yes"}, follow=True
    ).content.decode()
    # Then
    assert "1 of 1 are sent again" in page
    assert woken == [("exactly_once.send_webhook", delivery.pk)]
    delivery.refresh_from_db()
    assert delivery.state == "pending"
