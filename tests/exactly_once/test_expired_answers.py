"""Answers are kept for 30 days, keys for ever."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError

from exactly_once import keys, retention
from exactly_once.errors import Refused
from exactly_once.keys import AlreadyExists, Claim, KeyedRequest, KeyReused, StoredResponse
from exactly_once.models import IdempotencyKey

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime.now(UTC)  # the database's own clock has a say in this
KEEP = timedelta(days=30)
MADE = StoredResponse(201, b'{"id": "chk_1"}', location="/api/v1/checkout-sessions/chk_1")
KEYED = KeyedRequest(client="cli_1", key="key-1", fingerprint=b"f" * 32)


def ask(*, at: datetime, keyed: KeyedRequest = KEYED, answer: StoredResponse | None = MADE) -> StoredResponse | Claim:
    def refuse(refusal: Refused) -> StoredResponse:
        raise refusal

    return keys.once(keyed=keyed, now=at, lease_seconds=30, work=lambda _claim: answer, refuse=refuse)


def test_an_answer_is_replayed_for_thirty_days_and_then_its_key_says_where_to_look() -> None:
    # Given
    made_at = NOW - KEEP
    ask(at=made_at)
    # When it is not yet old enough, and when it is
    assert retention.expire_answers(now=NOW, keep=KEEP) == 0
    assert ask(at=NOW) == StoredResponse(201, MADE.body, replayed=True, location=MADE.location)
    assert retention.expire_answers(now=NOW + timedelta(microseconds=1), keep=KEEP) == 1
    # Then it is not done again, however often it is asked for
    for _ in range(2):
        with pytest.raises(AlreadyExists) as refused:
            ask(at=NOW)
        assert (refused.value.code, refused.value.extra) == ("already_exists", {"location": MADE.location})
    # And the key still stands for its own request alone
    with pytest.raises(KeyReused):
        ask(at=NOW, keyed=KeyedRequest(client="cli_1", key="key-1", fingerprint=b"g" * 32))
    row = IdempotencyKey.objects.get()
    assert (row.state, row.response_body, row.finished_at) == ("expired", None, made_at)


def test_the_database_itself_keeps_an_answer_for_thirty_days() -> None:
    ask(at=NOW - timedelta(days=29))

    with pytest.raises(IntegrityError, match="final"):
        retention.expire_answers(now=NOW, keep=timedelta(days=28))
    assert isinstance(ask(at=NOW), StoredResponse)


def test_a_request_that_has_not_ended_never_expires() -> None:
    # Given one that crashed years ago
    assert isinstance(ask(at=NOW - timedelta(days=999), answer=None), Claim)
    # When
    assert retention.expire_answers(now=NOW, keep=KEEP) == 0
    # Then a retry resumes it
    resumed = ask(at=NOW, answer=None)
    assert isinstance(resumed, Claim)
    assert resumed.resumed


def test_more_answers_than_one_transaction_takes_all_expire(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "EXPIRE_AT_ONCE", 2)
    for number in range(5):
        ask(at=NOW - 2 * KEEP, keyed=KeyedRequest(client="cli_1", key=f"key-{number}", fingerprint=b"f" * 32))

    assert retention.expire_answers(now=NOW, keep=KEEP) == 5
