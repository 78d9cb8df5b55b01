"""Reads of the payments package for packages above."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db.models import F

from ledger.money import Money
from payments.models import Attempt
from payments.states import PENDING_ATTEMPT_STATES, AttemptState


@dataclass(frozen=True, slots=True)
class KeptPayment:
    """Money that was captured for an order and is not being paid back in full."""

    intent_id: str
    order_reference: str
    money: Money


def live_attempt(*, order_reference: str) -> UUID | None:
    """Return the attempt of an order whose outcome is still open, if there is one."""
    open_attempts = Attempt.objects.filter(intent__order_reference=order_reference, state__in=PENDING_ATTEMPT_STATES)
    return open_attempts.values_list("uuid", flat=True).first()


def captured_by_attempt() -> dict[str, Money]:
    """Return what was captured and not paid back, by attempt uuid: what a PSP's own record must say, too."""
    attempts = Attempt.objects.filter(captured_minor__gt=0)
    rows = attempts.values_list("uuid", "captured_minor", "refunded_minor", "currency")
    return {str(uuid): Money(captured - refunded, currency) for uuid, captured, refunded, currency in rows.iterator()}


def captured_and_kept() -> Iterator[KeptPayment]:
    """Yield every captured payment of which something is left, with the amount captured."""
    kept = Attempt.objects.filter(state=AttemptState.CAPTURED, captured_minor__gt=F("refunded_minor"))
    rows = kept.values_list("intent__public_id", "intent__order_reference", "captured_minor", "currency")
    for intent_id, order_reference, captured_minor, currency in rows.iterator():
        yield KeptPayment(intent_id, order_reference, Money(captured_minor, currency))
