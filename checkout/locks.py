"""Every row lock of checkout.

The order over the whole service: payment intent, attempt, refund, the ledger's balances (payments/locks.py), then
checkout session, then its discount, then reservations, then stock items by id.
"""

from django_subatomic.db import transaction_required

from checkout.errors import CheckoutNotFound
from checkout.models import CheckoutSession, Discount, Reservation
from checkout.states import ReservationState
from payments.locks import hold_intent


@transaction_required
def lock_session(*, session_id: str, client: str) -> CheckoutSession:
    """Lock a client's session and, before it, the payment intent of its order.

    :raises CheckoutNotFound: ``checkout_session_not_found``.
    """
    hold_intent(order_reference=session_id)
    session = CheckoutSession.objects.select_for_update(no_key=True).filter(public_id=session_id, client=client).first()
    if session is None:
        raise CheckoutNotFound(code="checkout_session_not_found", detail=f"There is no checkout session {session_id}.")
    return session


@transaction_required
def lock_paid_session(*, session_id: str) -> CheckoutSession | None:
    """Lock the session that an intent (locked by the caller) pays for, if it is one of ours."""
    return CheckoutSession.objects.select_for_update(no_key=True).filter(public_id=session_id).first()


@transaction_required
def lock_discount(*, code: str) -> Discount | None:
    """Lock the discount of a code, if there is one: who comes second reads what the first one has left of it."""
    return Discount.objects.select_for_update(no_key=True).filter(code__iexact=code).first()


@transaction_required
def lock_held_reservations(*, session: CheckoutSession) -> list[Reservation]:
    """Lock what the session holds, in the order of the stock items."""
    held = Reservation.objects.select_for_update(no_key=True).filter(session=session, state=ReservationState.HELD)
    return list(held.order_by("stock_item_id"))
