"""However old it is, an outcome that nobody knows stays unknown, and no other attempt begins."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError

from checkout.models import CheckoutSession, Order
from ledger.models import Entry
from payments.ask_psp import look_up
from payments.errors import PaymentRefused
from payments.models import Attempt, PaymentIntent
from payments.sweep import claim_attempt, due_attempts
from payments.verify import checks
from tests.checkout.buyers import open_session, open_shop, pay
from tests.factories import NOW
from tests.payments.deciding import doubtful
from tests.payments.holding import begin
from tests.psp import Psp

pytestmark = pytest.mark.django_db(transaction=True)

AGES = [timedelta(minutes=5), timedelta(hours=23), timedelta(days=2), timedelta(days=30), timedelta(days=4000)]


def test_an_outcome_that_nobody_knows_does_not_become_known_by_waiting(psp: Psp) -> None:
    # Given a PSP that keeps its 500 as the answer to our key, and forgets both after a day
    session = open_session(open_shop())
    assert pay(session, "pm_tally_error500").status == 202
    attempt = Attempt.objects.get()
    # When years pass, and the sweeper asks whenever it is due
    for age in AGES:
        now = NOW + age
        assert due_attempts(now=now, limit=10) == [attempt.uuid]
        assert claim_attempt(attempt_uuid=attempt.uuid, now=now)
        assert look_up(attempt_uuid=attempt.uuid, now=now) == "unknown"
        psp.http.post("/_simulator/clock", json={"advance_seconds": 86_400}).raise_for_status()
    # Then nobody was charged, nothing was posted, and nobody took it for a no
    assert (psp.charges(), Entry.objects.count()) == ([], 0)
    assert (Attempt.objects.get().state, PaymentIntent.objects.get().state) == ("unknown", "processing")
    assert (CheckoutSession.objects.get().state, Order.objects.count()) == ("complete_in_progress", 0)
    # But people hear of it
    named = [check for check in checks(now=NOW + timedelta(days=2)) if not check.passed]
    assert [str(attempt.uuid) in check.detail for check in named] == [True]


@pytest.mark.usefixtures("psp")
def test_no_other_attempt_begins_beside_an_old_one_even_past_the_code() -> None:
    # Given
    doubtful()
    Attempt.objects.update(submitted_at=NOW - timedelta(days=4000), next_check_at=None)
    before = list(Attempt.objects.values())
    # Then
    with pytest.raises(PaymentRefused) as refusal:
        begin(captures_at_once=True)
    assert refusal.value.code == "payment_in_progress"
    other = Attempt.objects.get()
    for state in ("submitted", "unknown", "captured"):
        other.pk, other.uuid, other.psp, other.state = None, uuid4(), "adyen", state
        other.captured_minor = 1290 if state == "captured" else 0
        with pytest.raises(IntegrityError, match="payment_attempt_one_live_per_intent"):
            other.save(force_insert=True)
    assert list(Attempt.objects.values()) == before
