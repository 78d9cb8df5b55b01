"""Keys below HTTP: what each way out of ``once`` leaves behind, and that an answer stays as it is."""

import threading
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection
from django_subatomic.db import transaction

from exactly_once import keys
from exactly_once.errors import Refused
from exactly_once.keys import Claim, KeyedRequest, KeyInFlight, KeyReused, StoredResponse
from exactly_once.models import IdempotencyKey, OutboxEvent
from tests.concurrency.crowd import everyone
from tests.exactly_once.keyed import AFTER_LEASE, ANSWER, KEYED, NOW, OTHER_ANSWER, claimed, never, once, publish

pytestmark = pytest.mark.django_db(transaction=True)


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


def test_a_key_with_another_fingerprint_is_refused_also_while_in_flight() -> None:
    # Given
    claimed()
    other = KeyedRequest(client=KEYED.client, key=KEYED.key, fingerprint=b"b" * 32)
    # Then
    with pytest.raises(KeyReused), transaction():
        keys.claim(keyed=other, now=AFTER_LEASE, lease_seconds=30)
    assert IdempotencyKey.objects.get().resumptions == 0


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


def test_a_plan_that_is_kept_finds_a_subject_by_its_index() -> None:
    # Given the plan of a statement that is prepared, which knows no values
    with transaction(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        cursor.execute("SET LOCAL enable_seqscan = off")
        written = keys.finishing_subject(subject="chk_1", response=ANSWER, now=NOW)
        cursor.execute(f"PREPARE finishing AS {written.sql % tuple(f'${place}' for place in range(1, 7))}")
        # When
        cursor.execute("EXPLAIN EXECUTE finishing (200, '', '', '', now(), 'chk_1')")
        plan = "\n".join(line for (line,) in cursor.fetchall())
        cursor.execute("DEALLOCATE finishing")
    # Then
    assert "idempotency_key_subject" in plan, plan
