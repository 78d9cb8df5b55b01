"""An intent that cannot be recorded says why, and not something else."""

import pytest
from django.db import IntegrityError
from django_subatomic.db import transaction

from exactly_once.violations import violated
from ledger.money import Money
from payments.create_intent import Wish, create_intent
from payments.errors import PaymentRefused
from payments.models import PaymentIntent
from tests.factories import NOW

pytestmark = pytest.mark.django_db(transaction=True)


def create(minor: int) -> None:
    with transaction():
        create_intent(client="cli_test", wish=Wish(Money(minor, "EUR"), reference="invoice-1"), now=NOW)


def test_only_a_reference_that_is_taken_is_called_so() -> None:
    # Given
    create(100)
    # Then
    with pytest.raises(PaymentRefused) as refused:
        create(100)
    assert refused.value.code == "reference_taken"
    with pytest.raises(IntegrityError) as broken:
        create(0)
    assert violated(broken.value) == "payment_intent_amount_positive"
    assert PaymentIntent.objects.count() == 1
