"""A webhook that says what the PSP's own answer has said is noted, of many at once; any other has its effect."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_subatomic.db import transaction

from exactly_once import inbox, inbox_batch
from exactly_once.inbox import InboxMessage
from exactly_once.models import InboxEvent
from ledger.models import Entry
from ledger.money import Money
from payments.known_events import _captured, known_already
from payments.models import Attempt
from tests.checkout.buyers import nothing_is_wrong, open_session, open_shop, pay
from tests.factories import NOW
from tests.psp import Psp

pytestmark = pytest.mark.django_db(transaction=True)

# BEGIN, the events with their bodies, the payments, what is noted, COMMIT
STATEMENTS_OF_A_BATCH = 5


def told(attempt: Attempt, **differing: Any) -> bytes:
    """Return Stripe's event of a payment that has succeeded."""
    intent = {
        "id": attempt.psp_reference,
        "object": "payment_intent",
        "status": "succeeded",
        "amount": attempt.amount_minor,
        "amount_received": attempt.amount_minor,
        "currency": "eur",
        "metadata": {"tally_attempt": str(attempt.uuid)},
    }
    event = {"id": "evt_1", "object": "event", "type": "payment_intent.succeeded"}
    return json.dumps({**event, "data": {"object": {**intent, **differing}}}).encode()


def received(event_id: str, body: bytes) -> int:
    return inbox.receive(source="stripe", account="main", event_id=event_id, headers={}, body=body, now=NOW).id


def message(body: bytes, *, account: str = "main") -> InboxMessage:
    return InboxMessage(1, "stripe", account, "evt_1", body, NOW, NOW)


def test_what_the_answers_said_is_noted_of_all_in_one_commit(psp: Psp) -> None:
    # Given three orders, and the webhooks of their payments
    shop = open_shop()
    for _ in range(3):
        assert pay(open_session(shop)).status == 200
    attempts = list(Attempt.objects.order_by("pk"))
    events = [received(f"evt_{attempt.pk}", told(attempt)) for attempt in attempts]
    entries = Entry.objects.count()
    # When
    with CaptureQueriesContext(connection) as asked:
        inbox_batch.process_all(event_ids=events, now=NOW)
    # Then
    assert len(asked) == STATEMENTS_OF_A_BATCH
    stored = InboxEvent.objects.order_by("pk")
    assert [(each.pk, each.state, each.processed_at, each.next_attempt_at, each.subjects) for each in stored] == [
        (event, "processed", NOW, None, sorted([str(attempt.uuid), str(attempt.psp_reference)]))
        for event, attempt in zip(events, attempts, strict=True)
    ]
    assert Entry.objects.count() == entries
    assert nothing_is_wrong() == []


def test_a_webhook_that_comes_before_the_answer_is_known_has_its_effect(psp: Psp) -> None:
    # Given a payment whose reply was lost, and one whose was not
    shop = open_shop()
    assert pay(open_session(shop)).status == 200
    psp.http.post("/_simulator/faults", json={"next": ["drop_reply"]}).raise_for_status()
    waiting = open_session(shop)
    assert pay(waiting, key="k").status == 202
    known, unknown = Attempt.objects.order_by("pk")
    charges = psp.http.get("/_simulator/record").json()["charges"]
    (reference,) = {charge["payment"] for charge in charges} - {known.psp_reference}
    events = [received("evt_1", told(known)), received("evt_2", told(unknown, id=reference))]
    # When
    inbox_batch.process_all(event_ids=events, now=NOW)
    # Then
    assert list(InboxEvent.objects.values_list("state", flat=True)) == ["processed", "processed"]
    assert list(Attempt.objects.values_list("state", flat=True)) == ["captured", "captured"]
    assert pay(waiting, key="k").status == 200
    assert nothing_is_wrong() == []


def test_only_what_says_just_what_we_know_is_known(psp: Psp) -> None:
    # Given
    assert pay(open_session(open_shop())).status == 200
    attempt = Attempt.objects.get()
    # Then
    assert known_already([message(told(attempt))]) == {1}
    for other in (
        told(attempt, amount=1291, amount_received=1291),
        told(attempt, currency="usd"),
        told(attempt, id="pi_other"),
        told(attempt, id="pi_\0"),
        told(attempt, id="pi_\ud800"),
        told(attempt, status="requires_capture", amount_capturable=1290, amount_received=0),
        told(attempt, status="canceled"),
        b"{}",
        b"\xff",
    ):
        assert known_already([message(other)]) == set()
    assert known_already([message(told(attempt), account="other")]) == set()
    # And nothing is, of a payment that has not been taken
    Attempt.objects.filter(pk=attempt.pk).update(state="captured", captured_minor=1)
    assert known_already([message(told(attempt))]) == set()


def test_an_event_that_another_worker_is_at_or_was_tried_before_is_left_to_the_long_way(psp: Psp) -> None:
    # Given an event that was tried and found too early
    assert pay(open_session(open_shop())).status == 200
    event = received("evt_1", told(Attempt.objects.get()))
    InboxEvent.objects.update(state="parked", attempts=1, next_attempt_at=NOW)
    # When
    inbox_batch.process_all(event_ids=[event], now=NOW)
    # Then
    assert list(InboxEvent.objects.values_list("state", "attempts")) == [("processed", 1)]


def test_an_index_finds_all_payments_of_a_batch_by_their_names_at_their_psps() -> None:
    told = [("stripe", "main", f"pi_{number}", Money(1290, "EUR")) for number in range(100)]
    told += [("adyen", "main", "8835", Money(1290, "EUR"))]
    with transaction(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        # Of a table that is all but empty, reading this one as a whole costs no more.
        cursor.execute("DROP INDEX payment_attempt_one_live_per_intent")
        plan = _captured(told).explain()
        connection.set_rollback(True)

    assert "payment_attempt_psp_reference" in plan
    (condition,) = [line for line in plan.splitlines() if "Index Cond" in line]
    for column in ("psp)", "psp_account)", "psp_reference)"):
        assert f"(({column}::text = ANY" in condition or f"(({column}::text = 'main'" in condition
