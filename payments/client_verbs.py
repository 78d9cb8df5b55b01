"""What a client may have done with its own payments: captured, canceled, paid back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django_subatomic.db import transaction_required

from ledger.money import Money
from payments.capture import request_capture
from payments.errors import PaymentNotFound, PaymentRefused
from payments.locks import lock_intent
from payments.models import Capture, PaymentIntent
from payments.parts import Wanted
from payments.queries import intent_for_client, refund_for_client
from payments.refund import request_refund
from payments.representation import Json, capture_body
from payments.states import IntentState
from payments.void import request_void


@transaction_required
def capture_intent(*, client: str, intent_id: str, amount_minor: int | None, final: bool, now: datetime) -> Json:
    """Have (part of) an authorised payment taken; return the capture, still pending.

    :raises PaymentNotFound: ``payment_intent_not_found``.
    :raises PaymentRefused: those of :func:`payments.capture.request_capture`.
    """
    intent = _own(client, intent_id)
    if lock_intent(order_reference=intent.order_reference) is None:
        raise PaymentRefused(code="payment_not_authorized", detail=f"{intent_id} was canceled: nothing is held.")
    money = _money(amount_minor, intent)
    uuid = request_capture(order_reference=intent.order_reference, money=money, final=final, now=now)
    return capture_body(Capture.objects.select_related("attempt__intent").get(uuid=uuid))


@transaction_required
def cancel_intent(*, client: str, intent_id: str, now: datetime) -> Json:
    """Let a payment go: at once where nobody was asked, else as soon as the PSP has agreed; return the intent.

    :raises PaymentNotFound: ``payment_intent_not_found``.
    :raises PaymentRefused: ``payment_in_progress``, ``payment_succeeded``, ``capture_in_progress``.
    """
    own = _own(client, intent_id)
    intent = lock_intent(order_reference=own.order_reference)
    match intent.state if intent is not None else IntentState.CANCELED:
        case IntentState.SUCCEEDED:
            raise PaymentRefused(code="payment_succeeded", detail=f"{intent_id} has succeeded: refund it instead.")
        case IntentState.PROCESSING:
            raise PaymentRefused(code="payment_in_progress", detail=f"{intent_id} is being paid: its outcome decides.")
        case IntentState.CANCELED:
            pass
        case _:
            request_void(order_reference=own.order_reference, now=now)
    return intent_for_client(intent_id=intent_id, client=client)


@dataclass(frozen=True, slots=True)
class WantedMinor:
    """What of an item is to be paid back, as a client says it: in minor units of the payment's currency."""

    reference: str = ""
    jurisdiction: str = ""
    amount_minor: int | None = None


@transaction_required
def refund_intent(
    *,
    client: str,
    intent_id: str,
    amount_minor: int | None = None,
    parts: Sequence[WantedMinor] = (),
    reason: str,
    now: datetime,
) -> Json:
    """Promise (part of) a captured payment back; return the refund, still pending.

    :param amount_minor: None, and no parts: all that is left.
    :raises PaymentNotFound: ``payment_intent_not_found``.
    :raises PaymentRefused: those of :func:`payments.refund.request_refund`.
    """
    intent = _own(client, intent_id)
    if lock_intent(order_reference=intent.order_reference) is None:
        raise PaymentRefused(code="payment_not_captured", detail=f"{intent_id} was canceled: nothing was taken.")
    public_id = request_refund(
        order_reference=intent.order_reference,
        money=_money(amount_minor, intent),
        parts=[Wanted(each.reference, each.jurisdiction, _money(each.amount_minor, intent)) for each in parts],
        reason=reason,
        now=now,
    )
    return refund_for_client(refund_id=public_id, client=client)


def _money(amount_minor: int | None, intent: PaymentIntent) -> Money | None:
    return None if amount_minor is None else Money(amount_minor, intent.currency)


def _own(client: str, intent_id: str) -> PaymentIntent:
    intent = PaymentIntent.objects.filter(public_id=intent_id, client=client).first()
    if intent is None:
        raise PaymentNotFound(code="payment_intent_not_found", detail=f"There is no payment intent {intent_id}.")
    return intent
