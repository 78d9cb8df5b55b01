"""A refusal is stored in a transaction of its own: what a request with the same key has begun in between counts."""

import pytest
from django_subatomic.db import transaction

from exactly_once import keys
from exactly_once.errors import Refused
from exactly_once.keys import Claim, StoredResponse
from exactly_once.models import IdempotencyKey
from tests.exactly_once.keyed import ANSWER, KEYED, NOW

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_refusal_does_not_answer_for_what_another_has_begun_under_the_key() -> None:
    # Given a request that is refused, and the client's retry, which in the meantime may begin: it asks a PSP, does not
    # hear the outcome, and gives the lease back
    def work(_: Claim) -> StoredResponse:
        raise Refused(code="session_incomplete", detail="")

    def refuse(_: Refused) -> StoredResponse:
        with transaction():
            retry = keys.claim(keyed=KEYED, now=NOW, lease_seconds=30)
            assert isinstance(retry, Claim)
            keys.bind(claim=retry, subject="chk_1", recovery_point="payment_submitted")
        keys.release(claim=retry, now=NOW)
        return StoredResponse(status=409, body=b"session_incomplete")

    # When
    keys.once(keyed=KEYED, now=NOW, lease_seconds=30, work=work, refuse=refuse)
    # Then the key still waits for the payment's outcome, and is answered by it
    assert IdempotencyKey.objects.get().state == "in_flight"
    with transaction():
        assert keys.finish_subject(subject="chk_1", response=ANSWER, now=NOW) == 1
