"""Change the cart or the buyer of a session that is still open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django_subatomic.db import transaction

from checkout.create_session import state_of, total_of, write_lines
from checkout.errors import SessionRefused
from checkout.locks import lock_session
from checkout.models import CheckoutSession
from checkout.price_lines import LineItem, price_lines
from checkout.representation import Json, session_body
from checkout.states import OPEN_SESSION_STATES


@dataclass(frozen=True, slots=True)
class Change:
    """New values; None leaves a value as it is."""

    items: Sequence[LineItem] | None = None
    buyer_email: str | None = None
    buyer_name: str | None = None
    shipping_address: dict[str, str] | None = None


@transaction
def change_session(*, session_id: str, client: str, change: Change, now: datetime) -> Json:
    """Apply the change, price the cart anew where it changed, and return the session as clients see it.

    :raises CheckoutNotFound: no such session.
    :raises SessionRefused: ``session_not_open``.
    :raises UnableToPrice: a new line cannot be priced.
    """
    session = lock_session(session_id=session_id, client=client)
    if session.state not in OPEN_SESSION_STATES or session.expires_at <= now:
        raise SessionRefused(
            code="session_not_open", detail=f"{session_id} is {session.state}: its cart can no longer change."
        )
    for name in ("buyer_email", "buyer_name", "shipping_address"):
        value = getattr(change, name)
        if value is not None:
            setattr(session, name, value)
    if change.items is not None:
        _replace_lines(session, change.items, now)
    session.state = state_of(buyer_email=session.buyer_email)
    session.updated_at = now
    session.save()
    return session_body(session, list(session.lines.order_by("pk")))


def _replace_lines(session: CheckoutSession, items: Sequence[LineItem], now: datetime) -> None:
    priced = price_lines(currency=session.currency, items=items, now=now)
    session.total_minor = total_of(priced)
    session.lines.all().delete()
    write_lines(session, priced)
