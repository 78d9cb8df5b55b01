"""Catch a purchase that comes again as a new one: another session, another key, the same buyer and cart.

A client that lost its session and begins anew would charge the buyer twice, and no key of ours would know. So within
some minutes the same purchase is refused, unless the client says that it knows of the earlier one and means another.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import rfc8785
from django_subatomic.db import transaction_required

from checkout.errors import PossibleDuplicate
from checkout.models import CheckoutSession, SessionLine
from checkout.states import PAYING_SESSION_STATES, SessionState
from checkout.stock import HOLDING, hold_arguments, require_none_short
from exactly_once.prepared import fetch_prepared, text_array

# Longer than a client's retries and a person's patience, shorter than a second round of coffee.
WINDOW = timedelta(minutes=10)
# After a decline, a cancellation or an expiry nothing was bought.
_BUYING = [*PAYING_SESSION_STATES, SessionState.COMPLETED]
# Lets one session at a time in that buys the same, and holds the units only where nobody has bought it: whoever is
# refused has locked no stock. Both functions read what others have left behind the locks that they wait for.
_ENTER_AND_HOLD = f"""
SELECT w.earlier, CASE WHEN coalesce(w.earlier = %s, true) THEN {HOLDING} END
FROM checkout_enter_window(%s, %s::bigint, %s::bigint, %s, %s::text []) AS w (earlier)
"""  # noqa: S608 - our own constant


@transaction_required
def hold_purchase(
    *, session: CheckoutSession, lines: Sequence[SessionLine], not_duplicate_of: str | None, now: datetime
) -> None:
    """Hold the session's units for this purchase, unless it comes again.

    Sets the session's ``purchase_hash`` and ``submitted_at``, for the caller to save.

    :raises PossibleDuplicate: ``possible_duplicate``: the same purchase was paid for, or is being, within the window.
    :raises OutOfStock: naming the SKUs that are short.
    """
    purchase_hash = _hash(session, lines)
    units = hold_arguments(session=session, lines=lines, now=now)
    entering = _enter_arguments(purchase_hash, session, since=now - WINDOW)
    earlier, missing = fetch_prepared(_ENTER_AND_HOLD, [not_duplicate_of or "", *units, *entering])
    _check_new(earlier, not_duplicate_of)
    require_none_short(lines=lines, missing=missing)
    session.purchase_hash, session.submitted_at = purchase_hash, now


def _check_new(earlier: str | None, not_duplicate_of: str | None) -> None:
    if earlier is not None and earlier != not_duplicate_of:
        raise PossibleDuplicate(
            code="possible_duplicate",
            detail=f"The same buyer has just bought the same in checkout session {earlier}. If this is another "
            "purchase, send it again with a new key and that id as not_duplicate_of.",
            extra={"earlier_session": earlier},
        )


def _hash(session: CheckoutSession, lines: Sequence[SessionLine]) -> bytes:
    """Return SHA-256 over who buys what for how much; the order of the lines does not matter."""
    cart = sorted([line.sku, line.quantity, line.unit_amount_minor] for line in lines)
    bought: list[Any] = [session.client, session.buyer_email.casefold(), session.currency, session.total_minor, cart]
    return hashlib.sha256(rfc8785.dumps(bought)).digest()


def _enter_arguments(purchase_hash: bytes, session: CheckoutSession, since: datetime) -> tuple[Any, ...]:
    lock = int.from_bytes(purchase_hash[:8], signed=True)
    return purchase_hash, lock, session.pk, since, text_array(_BUYING)
