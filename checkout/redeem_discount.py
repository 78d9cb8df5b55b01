"""A use of a discount: held from before a payment until its outcome, and counted against the limits all the while.

So of two buyers who want the last one, the second hears it before anybody is charged.
"""

from datetime import datetime

from django.db.models import F
from django_subatomic.db import transaction_required

from checkout.discount_terms import redeemer_of
from checkout.models import CheckoutSession, Discount, DiscountRedemption
from checkout.states import LIVE_REDEMPTION_STATES, RedemptionState


@transaction_required
def hold_redemption(*, session: CheckoutSession, discount: Discount, now: datetime) -> None:
    """Use the discount, which the caller has locked and found to apply, for a session that is about to be paid."""
    redeemer = redeemer_of(customer=session.customer, email=session.buyer_email)
    DiscountRedemption.objects.create(
        discount=discount,
        session=session,
        redeemer=redeemer,
        slot=_free_slot(discount, redeemer),
        slots=discount.limit_per_customer,
        created_at=now,
        updated_at=now,
    )
    Discount.objects.filter(pk=discount.pk).update(redeemed=F("redeemed") + 1)


@transaction_required
def redeem(*, session: CheckoutSession, now: datetime) -> None:
    """Give what the session holds to its order; without a title no discount applies to it."""
    if session.discount_title:
        _end(session, RedemptionState.REDEEMED, now)


@transaction_required
def release_redemption(*, session: CheckoutSession, now: datetime) -> None:
    """Give the use back for others: this session is not paid."""
    held = DiscountRedemption.objects.filter(session=session, state=RedemptionState.HELD).values("discount_id")
    Discount.objects.filter(pk__in=held).update(redeemed=F("redeemed") - 1)
    _end(session, RedemptionState.RELEASED, now)


def _end(session: CheckoutSession, state: RedemptionState, now: datetime) -> None:
    held = DiscountRedemption.objects.filter(session=session, state=RedemptionState.HELD)
    held.update(state=state, updated_at=now)


def _free_slot(discount: Discount, redeemer: str) -> int | None:
    if discount.limit_per_customer is None:
        return None
    live = discount.redemptions.filter(redeemer=redeemer, state__in=LIVE_REDEMPTION_STATES)
    taken = set(live.values_list("slot", flat=True))
    return next(slot for slot in range(discount.limit_per_customer) if slot not in taken)
