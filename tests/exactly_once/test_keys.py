"""Keys below HTTP: claims, leases, fences, and what each way out of ``once`` leaves behind."""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection
from django_subatomic.db import transaction

from exactly_once import keys, outbox
from exactly_once.errors import Refused
from exactly_once.keys import Claim, KeyedRequest, KeyInFlight, KeyReused, LeaseLost, StoredResponse
from exactly_once.models import IdempotencyKey, OutboxEvent
from tests.concurrency.crowd import crowd, everyone

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LEASE = timedelta(seconds=30)
AFTER_LEASE = NOW + LEASE
KEYED = KeyedRequest(client="cli_a", key="key-1", fingerprint=b"a" * 32)
ANSWER = StoredResponse(status=201, body=b'{"done":true}')
OTHER_ANSWER = StoredResponse(status=200, body=b"{}")


def once(work: Callable[[Claim], StoredResponse | None], now: datetime = NOW) -> StoredResponse | Claim:
    return keys.once(
        keyed=KEYED,
        now=now,
        lease_seconds=int(LEASE.total_seconds()),
        work=work,
        refuse=lambda refusal: StoredResponse(status=409, body=refusal.code.encode()),
    )


def claimed(now: datetime = NOW) -> Claim:
    """Take the key and leave it in flight."""
    claim = once(lambda _: None, now)
    assert isinstance(claim, Claim)
    return claim


def publish(thing: str = "one") -> None:
    outbox.publish(aggregatetype="thing", aggregateid=thing, type="thing.done", payload={}, now=NOW)


def never(_: Claim) -> None:
    raise AssertionError("ran again")


def test_work_and_its_response_are_one_commit() -> None:
    # When
    def work(_: Claim) -> StoredResponse:
        publish()
        return ANSWER

    first = once(work)
    # Then
    assert first == ANSWER
    assert once(never) == StoredResponse(ANSWER.status, ANSWER.body, ANSWER.content_type, replayed=True)
    assert OutboxEvent.objects.count() == 1


def test_a_refusal_undoes_the_work_and_is_kept() -> None:
    # When
    def work(_: Claim) -> StoredResponse:
        publish()
        raise Refused(code="out_of_stock", detail="None left.")

    refusal = once(work)
    # Then
    assert refusal == StoredResponse(status=409, body=b"out_of_stock")
    replay = once(never)
    assert isinstance(replay, StoredResponse)
    assert (replay.status, replay.body, replay.replayed) == (409, b"out_of_stock", True)
    assert not OutboxEvent.objects.exists()


def test_any_other_error_leaves_the_key_free() -> None:
    # When
    def work(_: Claim) -> StoredResponse:
        publish()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        once(work)
    # Then
    assert not OutboxEvent.objects.exists()
    assert once(lambda _: ANSWER) == ANSWER


def test_a_key_in_flight_is_nobody_elses() -> None:
    # Given
    claimed()
    # Then
    with pytest.raises(KeyInFlight):
        once(never, AFTER_LEASE - timedelta(microseconds=1))


def test_a_key_with_another_fingerprint_is_refused_also_while_in_flight() -> None:
    # Given
    claimed()
    other = KeyedRequest(client=KEYED.client, key=KEYED.key, fingerprint=b"b" * 32)
    # Then
    with pytest.raises(KeyReused), transaction():
        keys.claim(keyed=other, now=AFTER_LEASE, lease_seconds=30)
    assert IdempotencyKey.objects.get().resumptions == 0


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


def test_whoever_ends_a_subject_answers_for_every_key_bound_to_it() -> None:
    # Given two keys on one subject, one on another, and one that has its answer
    for key, subject in (("key-1", "chk_1"), ("key-2", "chk_1"), ("key-3", "chk_3"), ("key-4", "chk_1")):
        with transaction():
            keyed = KeyedRequest(client="cli_a", key=key, fingerprint=KEYED.fingerprint)
            claim = keys.claim(keyed=keyed, now=NOW, lease_seconds=30)
            assert isinstance(claim, Claim)
            keys.bind(claim=claim, subject=subject, recovery_point="asked")
            if key == "key-4":
                keys.finish(claim=claim, response=OTHER_ANSWER, now=NOW)
    # When
    with transaction():
        count = keys.finish_subject(subject="chk_1", response=ANSWER, now=NOW)
    # Then
    assert count == 2
    bodies = {row.key: row.response_body and bytes(row.response_body) for row in IdempotencyKey.objects.all()}
    assert bodies == {"key-1": ANSWER.body, "key-2": ANSWER.body, "key-3": None, "key-4": OTHER_ANSWER.body}


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


def test_the_database_lets_no_answer_be_changed() -> None:
    # Given
    once(lambda _: ANSWER)
    # Then
    with pytest.raises(IntegrityError, match="is final"):
        IdempotencyKey.objects.update(response_body=b"other")
    with pytest.raises(IntegrityError, match="is final"):
        IdempotencyKey.objects.update(state="in_flight", response_status=None, response_body=None, finished_at=None)
    assert once(never) == StoredResponse(ANSWER.status, ANSWER.body, ANSWER.content_type, replayed=True)


def test_a_claim_that_waits_too_long_for_the_first_is_told_to_come_back() -> None:
    # Given a first request whose transaction does not end
    begun, may_end = threading.Event(), threading.Event()

    def first(_: Claim) -> StoredResponse:
        begun.set()
        assert may_end.wait(timeout=30)
        return ANSWER

    @transaction
    def impatient_claim() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '100ms'")
        keys.claim(keyed=KEYED, now=NOW, lease_seconds=30)

    def second() -> None:
        assert begun.wait(timeout=30)
        try:
            with pytest.raises(KeyInFlight):
                impatient_claim()
        finally:
            may_end.set()

    # When
    results = everyone(2, lambda number: second() if number else once(first))
    # Then
    assert results == [ANSWER, None]


def test_work_that_loses_a_deadlock_is_done_again() -> None:
    # Given two keys whose work takes two locks in opposite order
    both_hold_one = threading.Barrier(2)
    runs: list[int] = []

    def request(number: int) -> StoredResponse | Claim:
        order = (1, 2) if number else (2, 1)

        def work(_: Claim) -> StoredResponse:
            runs.append(number)
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL deadlock_timeout = '10ms'")
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [order[0]])
                if len(runs) <= 2:
                    both_hold_one.wait(timeout=30)
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [order[1]])
            publish(str(number))
            return ANSWER

        return keys.once(
            keyed=KeyedRequest(client="cli_a", key=str(uuid4()), fingerprint=KEYED.fingerprint),
            now=NOW,
            lease_seconds=30,
            work=work,
            refuse=lambda _: OTHER_ANSWER,
        )

    # When
    results = everyone(2, request)
    # Then
    assert results == [ANSWER, ANSWER]
    assert sorted(runs) in ([0, 0, 1], [0, 1, 1])
    assert OutboxEvent.objects.count() == 2
