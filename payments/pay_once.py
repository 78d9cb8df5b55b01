"""The three phases of a charge that a client asks for under an Idempotency-Key, whatever it pays for.

1. One transaction: claim the key, and have the caller record the attempt as submitted.
2. No transaction: ask the PSP.
3. One transaction: settle_attempt.py, in which whoever listens stores the answer under the key.

A crash after 1 leaves the key bound and the attempt ``submitted``. The client's retry, the PSP's webhook and the
sweeper each lead to 3; whichever comes first ends it for all.
"""

from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django_subatomic.db import durable

from exactly_once import keys
from exactly_once.errors import Refused
from exactly_once.keys import Claim, KeyedRequest, StoredResponse
from payments.ask_psp import ask, ask_again
from payments.begin_attempt import Begun


@durable
def pay_once(
    *,
    keyed: KeyedRequest,
    order_reference: str,
    begin: Callable[[Claim], StoredResponse | Begun],
    refuse: Callable[[Refused], StoredResponse],
    now: datetime,
) -> StoredResponse | None:
    """Pay, and return the answer, which is stored; None while the outcome is unknown: the key may resume at once.

    :param begin: records the attempt and binds the key, in phase 1; or says at once what the answer is.
    :raises KeyReused, KeyInFlight, AlreadyExists: see exactly_once/keys.py; and whatever ``begin`` raises.
    """
    begun: Begun | None = None

    def work(claim: Claim) -> StoredResponse | None:
        nonlocal begun
        begun = None  # it may be the second try, after a deadlock
        if claim.resumed:
            return None
        done = begin(claim)
        if isinstance(done, StoredResponse):
            return done
        begun = done
        return None

    lease_seconds = settings.IDEMPOTENCY_LEASE_SECONDS
    claim = keys.once(keyed=keyed, now=now, lease_seconds=lease_seconds, work=work, refuse=refuse)
    if isinstance(claim, StoredResponse):
        return claim
    with keys.noting_finished() as finished:
        if begun is None or claim.resumed:
            ask_again(order_reference=order_reference, now=now)
        else:
            ask(begun=begun, now=now)
    # Another racer may have stored it.
    stored = finished.get(claim.key_id) or keys.read_response(key_id=claim.key_id)
    if stored is None:
        keys.release(claim=claim, now=now)
    return stored
