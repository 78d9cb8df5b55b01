"""Leases of keys: one holder at a time, and nothing left to write for whoever was replaced."""

import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from django_subatomic.db import transaction

from exactly_once import keys
from exactly_once.keys import Claim, KeyedRequest, KeyInFlight, LeaseLost, StoredResponse
from exactly_once.models import IdempotencyKey, OutboxEvent
from tests.concurrency.crowd import crowd
from tests.exactly_once.keyed import AFTER_LEASE, ANSWER, KEYED, NOW, OTHER_ANSWER, claimed, never, once, publish

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_key_in_flight_is_nobody_elses() -> None:
    # Given
    claimed()
    # Then
    with pytest.raises(KeyInFlight):
        once(never, AFTER_LEASE - timedelta(microseconds=1))


def test_after_the_lease_the_next_one_resumes_where_the_first_stopped() -> None:
    # Given
    first = claimed()
    with transaction():
        keys.bind(claim=first, subject="chk_1", recovery_point="payment_submitted")
    # When
    second = claimed(AFTER_LEASE)
    # Then
    assert (first.resumed, second.resumed) == (False, True)
    assert (second.key_id, second.subject, second.recovery_point) == (first.key_id, "chk_1", "payment_submitted")
    assert second.lease_token != first.lease_token
    assert IdempotencyKey.objects.get().resumptions == 1


def test_whoever_lost_the_lease_can_write_nothing_any_more() -> None:
    # Given
    first, second = claimed(), claimed(AFTER_LEASE)
    # When the first one wakes up
    with pytest.raises(LeaseLost), transaction():
        keys.finish(claim=first, response=OTHER_ANSWER, now=AFTER_LEASE)
    with pytest.raises(LeaseLost), transaction():
        keys.bind(claim=first, subject="chk_other", recovery_point="other")
    keys.release(claim=first, now=AFTER_LEASE)
    # Then
    with pytest.raises(KeyInFlight):
        once(never, AFTER_LEASE)
    with transaction():
        keys.finish(claim=second, response=ANSWER, now=AFTER_LEASE)
    assert keys.read_response(key_id=second.key_id) == ANSWER
    assert IdempotencyKey.objects.get().subject == ""


def test_a_lost_lease_undoes_what_was_done_with_it() -> None:
    # Given
    first = claimed()
    claimed(AFTER_LEASE)

    @transaction
    def work_on() -> None:
        publish()
        keys.finish(claim=first, response=ANSWER, now=AFTER_LEASE)

    # When
    with pytest.raises(LeaseLost):
        work_on()
    # Then
    assert not OutboxEvent.objects.exists()


def test_of_two_who_come_after_the_lease_at_once_one_resumes() -> None:
    # Given two that would both have read the key before either takes it
    claimed()
    both_have_read = threading.Barrier(2)

    class Meeting(bytes):
        __slots__ = ()
        __hash__ = bytes.__hash__

        def __eq__(self, other: object) -> bool:
            with suppress(threading.BrokenBarrierError):  # as it must be: the other one is kept out
                both_have_read.wait(timeout=0.5)
            return bytes.__eq__(self, other)

        def __ne__(self, other: object) -> bool:
            return not self == other

    @transaction
    def take_over() -> Claim | StoredResponse:
        keyed = KeyedRequest(client=KEYED.client, key=KEYED.key, fingerprint=Meeting(KEYED.fingerprint))
        return keys.claim(keyed=keyed, now=AFTER_LEASE, lease_seconds=30)

    # When
    results = crowd(2, lambda _: take_over())
    # Then
    assert sorted(type(result).__name__ for result in results) == ["Claim", "KeyInFlight"]
    assert IdempotencyKey.objects.get().resumptions == 1


def test_a_released_key_resumes_at_once() -> None:
    # Given
    first = claimed()
    # When
    keys.release(claim=first, now=NOW)
    # Then
    assert claimed(NOW).resumed


def test_the_holder_of_a_lease_cannot_answer_after_somebody_ended_its_subject() -> None:
    # Given
    claim = claimed()
    with transaction():
        keys.bind(claim=claim, subject="chk_1", recovery_point="asked")
    with transaction():
        keys.finish_subject(subject="chk_1", response=ANSWER, now=NOW)
    # Then
    with pytest.raises(LeaseLost), transaction():
        keys.finish(claim=claim, response=OTHER_ANSWER, now=NOW)
    assert keys.read_response(key_id=claim.key_id) == ANSWER
