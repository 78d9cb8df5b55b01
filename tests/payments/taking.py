"""A payment whose money was taken, and what of it goes back, as a PSP's news would have it."""

from uuid import UUID

from django_subatomic.db import transaction

from ledger.money import Money
from payments.models import Refund
from payments.psp.outcomes import Approved, RefundSucceeded
from payments.refund import request_refund
from payments.settle_refund import settle_refund
from tests.factories import NOW
from tests.payments.holding import EUR, ORDER, begin, news


def take() -> UUID:
    """Have ``pi_1`` take EUR 12.90; return the attempt."""
    attempt = begin(captures_at_once=True)
    news(attempt, Approved("pi_1", captured=True, money=EUR))
    return attempt


def refund(minor: int = 290) -> Refund:
    """Promise to pay some of it back."""
    with transaction():
        public_id = request_refund(order_reference=ORDER, money=Money(minor, "EUR"), reason="test", now=NOW)
    return Refund.objects.get(public_id=public_id)


def give_back() -> Refund:
    """Have EUR 2.90 of it paid back by ``re_1``."""
    promised = refund()
    with transaction():
        settle_refund(refund_uuid=promised.uuid, outcome=RefundSucceeded("re_1", Money(290, "EUR")), now=NOW)
    return promised
