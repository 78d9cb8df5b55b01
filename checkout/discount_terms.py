"""Whether a code applies to a cart, and what it takes off. Reads rows; changes nothing."""

from dataclasses import dataclass
from datetime import datetime

from checkout.messages import Message
from checkout.models import Discount, DiscountAmount
from checkout.pricing import basket
from checkout.states import LIVE_REDEMPTION_STATES, DiscountKind
from ledger.money import Money


@dataclass(frozen=True, slots=True)
class Applied:
    """A discount that applies."""

    title: str
    off: basket.Discount


def redeemer_of(*, customer: str, email: str) -> str:
    """Return who a limit per customer counts: the client's customer, else whoever reads the mail; empty: not known."""
    if customer:
        return f"customer:{customer}"
    return f"email:{email.casefold()}" if email else ""


def find_discount(*, code: str) -> Discount | None:
    """Return the discount of a code, in whatever letters it is written."""
    return Discount.objects.prefetch_related("amounts").filter(code__iexact=code).first()


def apply_discount(*, code: str, currency: str, subtotal_minor: int, redeemer: str, now: datetime) -> Applied | Message:
    """Return what the code takes off goods of this subtotal, or why it does not."""
    discount = find_discount(code=code)
    if discount is None or not discount.active or (discount.valid_from and discount.valid_from > now):
        return _refused("discount_code_invalid", f"{code!r} is none of our codes.")
    terms = next((row for row in discount.amounts.all() if row.currency == currency), None)
    return _problem(discount, terms, subtotal_minor, redeemer, now) or Applied(discount.title, _off(discount, terms))


def _problem(
    discount: Discount, terms: DiscountAmount | None, subtotal_minor: int, redeemer: str, now: datetime
) -> Message | None:
    code = discount.code
    if discount.valid_until and discount.valid_until <= now:
        return _refused("discount_code_expired", f"{code!r} is no longer valid.")
    if discount.kind == DiscountKind.AMOUNT and (terms is None or terms.off_minor is None):
        return _refused("discount_not_in_currency", f"{code!r} takes nothing off in this currency.")
    if terms is not None and subtotal_minor < terms.minimum_subtotal_minor:
        least = Money(terms.minimum_subtotal_minor, terms.currency)
        return _refused("discount_minimum_not_met", f"{code!r} applies from {least} of goods.")
    if discount.limit_total is not None and discount.redeemed >= discount.limit_total:
        return _refused("discount_used_up", f"{code!r} has been used as often as it can be.")
    if redeemer and discount.limit_per_customer is not None and uses(discount, redeemer) >= discount.limit_per_customer:
        return _refused("discount_used_by_customer", f"{code!r} has been used as often as one buyer can use it.")
    return None


def uses(discount: Discount, redeemer: str) -> int:
    """Return how often somebody uses or has used the discount."""
    return discount.redemptions.filter(redeemer=redeemer, state__in=LIVE_REDEMPTION_STATES).count()


def _off(discount: Discount, terms: DiscountAmount | None) -> basket.Discount:
    match discount.kind:
        case DiscountKind.PERCENT if discount.percent is not None:
            return basket.PercentOff(discount.percent)
        case DiscountKind.AMOUNT if terms is not None and terms.off_minor is not None:
            return basket.AmountOff(terms.off_minor)
        case DiscountKind.FREE_SHIPPING:
            return basket.FreeShipping()
    raise AssertionError("of its kind: discount_percent_of_its_kind, and asked above")


def _refused(code: str, detail: str) -> Message:
    return Message("warning", "/discount_code", code, detail)
