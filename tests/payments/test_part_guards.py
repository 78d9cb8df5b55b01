"""The database holds payments to their parts and refunds to their shares, whoever writes, however many at once."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, connection
from django.db.models import F
from django_subatomic.db import transaction

from payments.errors import InvalidParts
from payments.models import Attempt, IntentPart, PaymentIntent, Refund, RefundPart
from payments.parts import Wanted
from payments.psp.outcomes import Declined
from payments.settle_attempt import settle_attempt
from payments.verify import checks
from tests.concurrency.crowd import crowd
from tests.factories import NOW
from tests.payments import itemised
from tests.payments.holding import assert_in_order
from tests.payments.itemised import NOTHING, charge_of, eur, refund, refunded, sell

pytestmark = pytest.mark.django_db(transaction=True)

DECLINED = Declined(None, reason="insufficient_funds", soft=True)


def constraint(refusal: pytest.ExceptionInfo[IntegrityError]) -> str:
    return str(getattr(getattr(refusal.value.__cause__, "diag", None), "constraint_name", None))


def test_of_two_who_write_past_the_code_at_once_one_takes_the_last_of_a_part() -> None:
    # Given an attempt that counts enough for two refunds
    sell()
    attempt, tee = Attempt.objects.get(), IntentPart.objects.get(reference="TEE")
    Attempt.objects.update(refunded_minor=3000)

    # When both take the same shirt
    def write(number: int) -> None:
        with transaction():
            made = Refund.objects.create(
                public_id=f"re_{number}", attempt=attempt, amount_minor=1500, currency="EUR", created_at=NOW
            )
            RefundPart.objects.create(refund=made, part=tee, amount_minor=1500)

    outcomes = crowd(2, write)
    # Then
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [IntegrityError]
    assert refunded() == NOTHING | {"line TEE": 1500}


def _share(minor: int, reference: str) -> None:
    part = IntentPart.objects.get(kind="line", reference=reference)
    RefundPart.objects.create(refund=Refund.objects.get(), part=part, amount_minor=minor)


def test_the_database_refuses_a_share_beyond_its_part() -> None:
    sell()
    refund(None, Wanted("MUG", money=eur(1)))
    with pytest.raises(IntegrityError) as refusal:
        _share(1501, "TEE")
    assert constraint(refusal) == "payment_refund_within_part"


def test_the_database_refuses_a_share_in_another_payment() -> None:
    sell()
    refund(eur(1))
    other = PaymentIntent.objects.create(
        public_id="pi_x", order_reference="x", amount_minor=9, created_at=NOW, updated_at=NOW
    )
    part = IntentPart.objects.create(intent=other, kind="line", reference="CAP", amount_minor=9)
    with pytest.raises(IntegrityError) as refusal:
        RefundPart.objects.create(refund=Refund.objects.get(), part=part, amount_minor=1)
    assert constraint(refusal) == "payment_refund_within_part"


def test_the_database_refuses_a_refund_that_is_not_its_shares() -> None:
    sell()
    refund(None, Wanted("TEE", money=eur(100)))
    # When somebody adds a share, changes the sum, or leaves the shares out
    with pytest.raises(IntegrityError) as more:
        _share(1, "MUG")
    with pytest.raises(IntegrityError) as less:
        Refund.objects.update(amount_minor=99)
    Attempt.objects.update(refunded_minor=200)
    with pytest.raises(IntegrityError) as none:
        Refund.objects.create(attempt=Attempt.objects.get(), amount_minor=100, currency="EUR", created_at=NOW)
    # Then
    assert {constraint(each) for each in (more, less, none)} == {"payment_refund_shares_add_up"}


def test_parts_that_do_not_make_up_the_payment_begin_nothing() -> None:
    with pytest.raises(InvalidParts):
        itemised.begin(charge_of(money=eur(4464)))
    assert (PaymentIntent.objects.count(), IntentPart.objects.count()) == (0, 0)


@pytest.mark.parametrize("change", [{"amount_minor": 4462}, {"amount_minor": 4464}])
def test_the_database_lets_no_attempt_ask_for_another_sum_than_its_parts(change: dict[str, int]) -> None:
    itemised.begin(charge_of())
    with pytest.raises(IntegrityError) as refusal:
        Attempt.objects.update(**change)
    assert constraint(refusal) == "payment_attempt_made_of_parts"


@pytest.mark.parametrize(
    "change",
    [
        lambda: IntentPart.objects.update(amount_minor=F("amount_minor")),
        lambda: IntentPart.objects.all().delete(),
        lambda: IntentPart.objects.create(
            intent=PaymentIntent.objects.get(), kind="line", reference="CAP", amount_minor=0
        ),
    ],
    ids=["changed", "taken away", "added"],
)
def test_what_is_being_paid_for_stays_as_it_is(change: Callable[[], object]) -> None:
    itemised.begin(charge_of())
    with pytest.raises(IntegrityError) as refusal:
        change()
    assert constraint(refusal) == "payment_part_frozen"
    assert refunded() == NOTHING


@pytest.mark.parametrize("_round", range(5))
def test_a_part_and_an_attempt_that_come_at_once_wait_for_each_other(_round: int) -> None:
    # Given an intent whose attempt was declined
    first = itemised.begin(charge_of())
    with transaction():
        settle_attempt(attempt_uuid=first, outcome=DECLINED, now=NOW)
    intent = PaymentIntent.objects.get()

    # When somebody writes past the code while the next attempt begins
    def act(number: int) -> None:
        if number:
            IntentPart.objects.create(intent=intent, kind="line", reference="CAP", amount_minor=1)
        else:
            itemised.begin(charge_of())

    outcomes = crowd(2, act)
    # Then the part came first and gave way to what the attempt is for, or it came too late
    assert outcomes[0] is None
    assert outcomes[1] is None or isinstance(outcomes[1], IntegrityError)
    assert refunded() == NOTHING
    assert Attempt.objects.exclude(state="declined").count() == 1


ADD_UP, NOT_TWICE = (
    "payments: what a payment is for adds up to it",
    "payments: refunds add up part by part, and no part is paid back twice",
)


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE payments_intentpart SET amount_minor = amount_minor + 1", [ADD_UP]),
        ("UPDATE payments_intentpart SET amount_minor = 1", [ADD_UP, NOT_TWICE]),
        ("UPDATE payments_refundpart SET amount_minor = amount_minor - 1", [NOT_TWICE]),
        ("DELETE FROM payments_refundpart", [NOT_TWICE]),
    ],
)
def test_verify_names_what_does_not_add_up(statement: str, found: list[str]) -> None:
    # Given
    sell()
    refund(None, Wanted("MUG"))
    assert_in_order()
    # When somebody with all rights gets past the triggers
    with transaction(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement)
    # Then
    assert [check.name for check in checks(now=NOW) if not check.passed] == found
