"""Before a payment: whether the session still costs what the buyer saw."""

from datetime import datetime

from django_subatomic.db import transaction_required

from checkout.errors import SessionRefused
from checkout.locks import lock_discount
from checkout.messages import Message
from checkout.models import CheckoutSession, SessionLine
from checkout.redeem_discount import hold_redemption
from checkout.representation import totals
from checkout.session_price import changes, is_stored, items_of, price_session, store_price
from checkout.states import SessionState
from exactly_once.compiled import Compiled, Given

_LINES = Compiled(lambda: SessionLine.objects.filter(session=Given("session")).order_by("pk"))


@transaction_required
def confirm_price(*, session: CheckoutSession, now: datetime) -> tuple[list[SessionLine], SessionRefused | None]:
    """Price the locked session anew, and return its lines, with its discount held for it; or what has changed.

    What has changed is in the session then, for the caller to commit: whoever reads it sees the new totals.

    :raises UnableToPrice: ``total_too_large``.
    """
    lines = _LINES(session=session.pk)
    discount = lock_discount(code=session.discount_code) if session.discount_code else None
    priced = price_session(session=session, items=items_of(lines), now=now)
    told = changes(session=session, lines=lines, priced=priced)
    session.updated_at = now
    if told or not priced.payable:
        if priced.unpriced:
            session.state = SessionState.INCOMPLETE
            session.save(update_fields=["state", "updated_at"])
        else:
            store_price(session=session, priced=priced)
        return [], _changed(session, [*told, *priced.messages])
    if not is_stored(session=session, lines=lines, priced=priced):
        lines = store_price(session=session, priced=priced)
    if discount is not None and session.discount_title:
        hold_redemption(session=session, discount=discount, now=now)
    return lines, None


def _changed(session: CheckoutSession, messages: list[Message]) -> SessionRefused:
    return SessionRefused(
        code="session_changed",
        detail="The cart is no longer what the buyer saw: show the messages and the totals, and ask again.",
        extra={
            "checkout_session": session.public_id,
            "totals": totals(session),
            "messages": [message.as_json() for message in messages],
        },
    )
