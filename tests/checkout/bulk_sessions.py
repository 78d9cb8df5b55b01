"""Many checkout sessions at once: rows as create_session.py writes them, without its questions."""

from collections.abc import Sequence
from datetime import timedelta

from django_subatomic.db import transaction

from checkout.models import CheckoutSession, SessionLine, Variant
from checkout.states import SessionState
from tests.factories import NOW
from tests.triggers import past_the_triggers

AMOUNT = 1290


def open_sessions(carts: Sequence[Sequence[tuple[Variant, int]]]) -> list[CheckoutSession]:
    """Return a session of each cart, that could be paid."""
    # Nothing adds the totals up: that takes longer than all the rest.
    with past_the_triggers(), transaction():
        sessions = CheckoutSession.objects.bulk_create(
            CheckoutSession(
                public_id=f"chk_bulk_{number}",
                client="cli_test",
                book="shop",
                state=SessionState.READY_FOR_COMPLETE,
                currency="EUR",
                subtotal_minor=AMOUNT * sum(quantity for _, quantity in cart),
                total_minor=AMOUNT * sum(quantity for _, quantity in cart),
                created_at=NOW,
                updated_at=NOW,
                expires_at=NOW + timedelta(hours=6),
            )
            for number, cart in enumerate(carts)
        )
        SessionLine.objects.bulk_create(
            SessionLine(
                session=session,
                variant=variant,
                sku=variant.sku,
                name=variant.sku,
                quantity=quantity,
                unit_amount_minor=AMOUNT,
            )
            for session, cart in zip(sessions, carts, strict=True)
            for variant, quantity in cart
        )
    return sessions
