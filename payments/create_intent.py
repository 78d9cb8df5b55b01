"""Say what is to be collected. Nobody is asked for money before it is confirmed."""

from dataclasses import astuple, dataclass
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError
from django_subatomic.db import savepoint, transaction_required

from exactly_once.public_ids import new_public_id
from exactly_once.violations import violated
from ledger.money import Money
from payments.errors import PaymentRefused
from payments.models import PaymentIntent
from payments.part_rows import refundable_parts, write_first_parts
from payments.parts import Part
from payments.representation import Json, intent_body
from payments.routing import Token
from payments.states import IntentState


@dataclass(frozen=True, slots=True)
class Method:
    """How the buyer pays: PSPs' tokens for one card, the first choice first, and what routing rules may ask about."""

    tokens: tuple[Token, ...]
    country: str = ""
    card_brand: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client wants to collect; ``reference`` is its own name for it, unique among what it has not canceled.

    ``parts`` say what it is for, where that is told; ``return_url`` where the buyer goes on after the bank's question.
    """

    money: Money
    captures_at_once: bool = True
    reference: str = ""
    description: str = ""
    return_url: str = ""
    method: Method | None = None
    parts: tuple[Part, ...] = ()


@transaction_required
def create_intent(*, client: str, wish: Wish, now: datetime) -> Json:
    """Record an intent and return it as clients see it.

    :raises InvalidParts: ``parts_invalid``.
    :raises PaymentRefused: ``reference_taken``.
    """
    public_id = new_public_id("pi")
    intent = PaymentIntent(
        public_id=public_id,
        book=settings.PAYMENTS_BOOK,
        client=client,
        # Nobody above sells by this intent: it is its own order.
        order_reference=public_id,
        amount_minor=wish.money.amount_minor,
        currency=wish.money.currency,
        state=IntentState.REQUIRES_CONFIRMATION if wish.method else IntentState.REQUIRES_PAYMENT_METHOD,
        description=wish.description,
        reference=wish.reference,
        captures_at_once=wish.captures_at_once,
        return_url=wish.return_url,
        tokens=[astuple(token) for token in wish.method.tokens] if wish.method else [],
        country=wish.method.country if wish.method else "",
        card_brand=wish.method.card_brand if wish.method else "",
        created_at=now,
        updated_at=now,
    )
    try:
        with savepoint():
            write_first_parts(intent=intent, parts=wish.parts)
    except IntegrityError as error:
        if violated(error) != "payment_intent_reference":
            raise
        raise _taken(client, wish.reference) from error
    return intent_body(intent, attempts=[], parts=refundable_parts(intent))


def _taken(client: str, reference: str) -> PaymentRefused:
    known = PaymentIntent.objects.exclude(state=IntentState.CANCELED).get(client=client, reference=reference)
    return PaymentRefused(
        code="reference_taken",
        detail=f"{known.public_id} has this reference.",
        extra={"payment_intent": known.public_id},
    )
