"""Webhooks to merchants, over real HTTP: once noted, again after a crash, for three days, and never to two at once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django_subatomic import db
from django_subatomic.db import transaction
from standardwebhooks import Webhook, WebhookVerificationError

from exactly_once import outbox, relay, webhook_delivery, webhook_owners
from exactly_once.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from exactly_once.webhook_http import Answer
from tests.concurrency.crowd import everyone
from tests.exactly_once.receiver import Receiver, receiving
from tests.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SECRETS = ("whsec_" + "b2xk" * 8, "whsec_" + "bmV3" * 8)


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "wake", lambda *_, **__: False)


@pytest.fixture(autouse=True)
def _all_things_are_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(webhook_owners._owners, "thing", lambda events: dict.fromkeys(events, "cli_test"))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def endpoint(receiver: Receiver) -> WebhookEndpoint:
    endpoint = WebhookEndpoint.objects.create(
        public_id="wep_test", client="cli_test", url=receiver.url, event_types=["thing.*"]
    )
    endpoint.secrets.create(secret=SECRETS[0], valid_from=NOW - timedelta(days=9))
    return endpoint


def publish(event_type: str = "thing.done", name: str = "one") -> UUID:
    with transaction():
        return outbox.publish(
            aggregatetype="thing", aggregateid=name, type=event_type, payload={"name": "Zoë"}, now=NOW
        )


def feed() -> int:
    return relay.feed_webhooks(now=NOW)


def send(delivery: WebhookDelivery, now: datetime = NOW) -> bool:
    return webhook_delivery.send(delivery_id=delivery.pk, now=now, allow_private=True)


@pytest.fixture
def delivery(endpoint: WebhookEndpoint) -> WebhookDelivery:
    publish()
    assert feed() == 1
    return WebhookDelivery.objects.get()


def test_each_event_is_due_once_for_each_endpoint_that_wants_it(endpoint: WebhookEndpoint) -> None:
    # Given
    others: tuple[dict[str, Any], ...] = ({"event_types": ["other.done", "thing"]}, {"enabled": False}, {"client": "b"})
    for number, columns in enumerate(others):
        WebhookEndpoint.objects.create(
            **{"client": "cli_test", "public_id": f"wep_{number}", "url": "https://a.example"} | columns
        )
    wanted = publish()
    publish("event.seen", "two")
    # When
    fed = [feed(), feed()]
    # Then
    assert fed == [2, 0]
    assert list(WebhookDelivery.objects.values_list("endpoint", "event", "state")) == [(endpoint.pk, wanted, "pending")]


def test_several_relays_make_no_delivery_twice(endpoint: WebhookEndpoint) -> None:
    for number in range(40):
        publish(name=str(number))

    everyone(4, lambda _: [relay.feed_webhooks(now=NOW, limit=3) for _ in range(20)])

    # Transactions of PostgreSQL's own may hold the horizon for moments.
    eventually(lambda: feed() == 0 and relay.behind(sink=relay.WEBHOOKS) == 0, "the sink has all")
    assert WebhookDelivery.objects.count() == 40


def test_the_receiver_can_verify_what_it_gets_with_the_standard_library(
    receiver: Receiver, delivery: WebhookDelivery
) -> None:
    # Given
    now = datetime.now(UTC)
    # When
    assert send(delivery, now)
    # Then
    [(headers, body)] = receiver.got
    assert headers["webhook-id"] == str(delivery.event_id)
    assert Webhook(SECRETS[0]).verify(body, dict(headers)) == {
        "type": "thing.done",
        "timestamp": "2026-11-23T12:00:00+00:00",
        "schema_version": 1,
        "aggregate": {"type": "thing", "id": "one", "version": 1},
        "data": {"name": "Zoë"},
    }
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRETS[1]).verify(body, dict(headers))
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.last_status, delivery.response_snippet) == (
        "delivered",
        1,
        200,
        "ok",
    )
    assert list(WebhookAttempt.objects.values_list("number", "status", "error")) == [(1, 200, "")]


def test_while_two_secrets_overlap_either_of_them_verifies(receiver: Receiver, delivery: WebhookDelivery) -> None:
    # Given
    now = datetime.now(UTC)
    secrets = delivery.endpoint.secrets
    secrets.update(valid_until=now + timedelta(hours=24))
    secrets.create(secret=SECRETS[1], valid_from=now)
    secrets.create(secret="whsec_" + "ZW5k" * 8, valid_from=now - timedelta(days=9), valid_until=now)
    # When
    send(delivery, now)
    # Then
    [(headers, body)] = receiver.got
    assert len(headers["webhook-signature"].split()) == 2
    for secret in SECRETS:
        Webhook(secret).verify(body, dict(headers))


def test_nothing_is_sent_while_a_transaction_is_open(receiver: Receiver, delivery: WebhookDelivery) -> None:
    with pytest.raises(db._UnexpectedOpenTransaction), transaction():
        send(delivery)

    assert receiver.got == []


def test_an_event_that_is_nobodys_goes_to_no_endpoint(
    endpoint: WebhookEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(webhook_owners._owners, "thing")
    publish()

    assert feed() == 1
    assert WebhookDelivery.objects.count() == 0


def test_a_delivery_that_is_done_is_not_sent_again(receiver: Receiver, delivery: WebhookDelivery) -> None:
    assert [send(delivery), send(delivery)] == [True, False]
    assert len(receiver.got) == 1


def test_many_workers_send_a_delivery_once(receiver: Receiver, delivery: WebhookDelivery) -> None:
    everyone(8, lambda _: send(delivery))

    assert len(receiver.got) == 1


def test_a_crash_between_sending_and_noting_sends_again_under_the_same_id(
    receiver: Receiver, delivery: WebhookDelivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given: a worker that dies once the receiver has the event
    with monkeypatch.context() as patch:
        patch.setattr(webhook_delivery, "_note", lambda *_: pytest.fail("died"))
        with pytest.raises(pytest.fail.Exception):
            send(delivery)
    # When
    too_early = send(delivery, NOW + timedelta(seconds=60))
    later = send(delivery, NOW + webhook_delivery.LEASE)
    # Then
    assert (too_early, later) == (False, True)
    assert receiver.ids() == [str(delivery.event_id)] * 2
    assert receiver.got[0][1] == receiver.got[1][1]


def test_a_slow_worker_whose_lease_ended_notes_nothing(delivery: WebhookDelivery) -> None:
    # Given
    mine = webhook_delivery._claim(delivery.pk, NOW)
    assert mine is not None
    send(delivery, NOW + webhook_delivery.LEASE)
    # When
    noted = webhook_delivery._note(mine, Answer(500, "late"), NOW)
    # Then
    delivery.refresh_from_db()
    assert (noted, delivery.state, delivery.attempts) == (False, "delivered", 2)


def test_after_three_days_of_refusals_the_event_is_dead_until_resent(
    receiver: Receiver, delivery: WebhookDelivery
) -> None:
    # Given
    receiver.status, receiver.body = 500, b"x" * 5000
    # When
    now = NOW
    while delivery.next_attempt_at is not None:
        now = delivery.next_attempt_at
        send(delivery, now)
        delivery.refresh_from_db()
    # Then
    assert now == NOW + timedelta(days=3)
    assert 15 <= delivery.attempts <= 30
    assert (delivery.state, delivery.last_status, len(delivery.response_snippet)) == ("dead", 500, 1024)
    assert WebhookAttempt.objects.count() == delivery.attempts == len(receiver.got)
    # And then
    receiver.status = 204
    receiver.body = b""
    assert webhook_delivery.resend(deliveries=WebhookDelivery.objects.all(), now=now) == [delivery.pk]
    assert send(delivery, now)
    assert set(receiver.ids()) == {str(delivery.event_id)}


def test_a_receiver_that_is_gone_hears_no_more(receiver: Receiver, delivery: WebhookDelivery) -> None:
    # Given
    receiver.status = 410
    # When
    send(delivery)
    # Then
    delivery.refresh_from_db()
    delivery.endpoint.refresh_from_db()
    assert (delivery.state, delivery.endpoint.enabled) == ("dead", False)
    assert delivery.endpoint.disabled_reason == "It answered 410 Gone."


def test_a_redirect_is_not_followed(receiver: Receiver, delivery: WebhookDelivery) -> None:
    receiver.status, receiver.headers = 307, {"Location": receiver.url}

    assert not send(delivery)

    delivery.refresh_from_db()
    assert (delivery.state, delivery.last_status, len(receiver.got)) == ("pending", 307, 1)


def test_a_private_address_is_refused_at_sending_too(receiver: Receiver, delivery: WebhookDelivery) -> None:
    # Given: an address that was allowed when the endpoint was made
    WebhookEndpoint.objects.update(url="https://127.0.0.1/")
    # When
    sent = webhook_delivery.send(delivery_id=delivery.pk, now=NOW, allow_private=False)
    # Then
    delivery.refresh_from_db()
    assert (sent, receiver.got, delivery.state) == (False, [], "pending")
    assert "private or reserved" in delivery.last_error
