"""A buyer comes back from the bank: what their browser brings is noted, and handed to the PSP."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django_subatomic.db import durable, transaction

from payments.ask_psp import finish
from payments.errors import PaymentNotFound
from payments.locks import lock_attempt
from payments.models import Attempt
from payments.states import AttemptState, VoidState


@dataclass(frozen=True, slots=True)
class Returned:
    """Who is back, and how the attempt stands; ``order_reference`` is the checkout session's or payment intent's id.

    ``return_url``: where they are to go on, where the intent says so.
    """

    order_reference: str
    state: AttemptState
    return_url: str


@durable
def take_return(*, psp: str, account: str, attempt_uuid: UUID, brought: Mapping[str, str], now: datetime) -> Returned:
    """Note what the buyer brings, have the PSP go on with it, and settle what it says.

    Nobody has to believe a browser: the PSP judges. It is not asked where the attempt does not wait for its buyer (any
    more), or is being let go of.

    :raises PaymentNotFound: ``attempt_not_found``.
    """
    with transaction():
        attempt = lock_attempt(attempt_uuid=attempt_uuid)
        if (attempt.psp, attempt.psp_account) != (psp, account):
            raise PaymentNotFound(code="attempt_not_found", detail=f"There is no attempt {attempt_uuid} at {psp}.")
        waits = _waits(attempt) and bool(brought)
        if waits:
            attempt.returned = dict(brought)
            attempt.save(update_fields=["returned"])
    state = finish(attempt_uuid=attempt_uuid, now=now) if waits else AttemptState(attempt.state)
    return Returned(attempt.intent.order_reference, state, attempt.intent.return_url)


def _waits(attempt: Attempt) -> bool:
    is_let_go_of = attempt.voids.filter(state=VoidState.PENDING).exists()
    return attempt.state == AttemptState.REQUIRES_ACTION and not is_let_go_of
