"""Which events of a PSP tell nothing new: a payment that was taken, as we know by the PSP's own answer.

Reads only. What is captured stays so, with the sum that was taken: news of just that is stale for ever, whoever looks
(judge_news.py says the same under the attempt's lock). Any other event goes the long way (webhooks.py).
"""

from collections.abc import Iterable, Sequence

from django.db.models import QuerySet

from exactly_once.inbox import InboxMessage
from ledger.money import Money
from payments.models import Attempt
from payments.psp.news import PaymentEvent
from payments.psp.outcomes import Approved
from payments.psp.registry import get_adapter
from payments.states import AttemptState

# A PSP, its account, its name for a payment, and what it took.
type Taken = tuple[str, str, str, Money]


def known_already(messages: Sequence[InboxMessage]) -> set[int]:
    """Return the ids of the messages that say of a payment just what we know."""
    told = {message.id: taken for message in messages if (taken := _taken(message)) is not None}
    if not told:
        return set()
    rows = _captured(told.values()).values_list("psp", "psp_account", "psp_reference", "captured_minor", "currency")
    known = {(psp, account, reference, Money(minor, currency)) for psp, account, reference, minor, currency in rows}
    return {message_id for message_id, taken in told.items() if taken in known}


def _captured(told: Iterable[Taken]) -> QuerySet[Attempt]:
    """Return what was captured under these names, among others: its index has each part of them."""
    psps, accounts, references, _ = (set(each) for each in zip(*told, strict=True))
    return Attempt.objects.filter(
        psp__in=psps, psp_account__in=accounts, psp_reference__in=references, state=AttemptState.CAPTURED
    )


def _taken(message: InboxMessage) -> Taken | None:
    """Return what an event says was taken, where that is all it says."""
    try:
        events = list(get_adapter(psp=message.source, account=message.account).parse_webhook(body=message.body))
    except Exception:  # noqa: BLE001 - a stranger's body can make a parser raise anything: the long way says what
        return None
    match events:
        case [PaymentEvent(psp_reference=str(reference), outcome=Approved(captured=True, money=money))] if (
            reference.isprintable()  # PostgreSQL has no text for some of the others
        ):
            return message.source, message.account, reference, money
    return None
