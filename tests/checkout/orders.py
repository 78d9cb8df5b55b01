"""What becomes of an order, through the verbs, without HTTP."""

import json
import uuid
from collections.abc import Sequence
from typing import Any

from django.test.utils import override_settings
from django_subatomic.db import transaction

from checkout.cancel_order import Cancel, cancel_order
from checkout.complete_session import Payment, complete_session
from checkout.create_session import NewSession, create_session
from checkout.models import Order, StockItem, Variant
from checkout.order_units import Wanted
from checkout.price_lines import LineItem
from checkout.return_order import GoodsBack, return_order
from checkout.review_order import review_order
from checkout.ship_order import Parcel, ship_order
from checkout.states import Disposition
from config.verification import all_checks
from exactly_once.keys import KeyedRequest
from ledger import queries as ledger
from ledger.money import Money
from payments.capture import send_capture, settle_capture
from payments.client_verbs import refund_intent
from payments.create_intent import Method
from payments.models import Capture
from payments.psp.outcomes import CaptureFailed, CaptureSucceeded
from payments.refund import send_refund
from payments.routing import Token
from payments.sweep import due_refunds
from tests.checkout.buyers import CLIENT, open_shop, refuse
from tests.factories import NOW, ShippingPriceFactory, TaxRateFactory, VariantFactory

# Three mugs at EUR 12.90 and one pot: 19 % are within the prices, and the parcel costs EUR 4.90.
TOTAL = 4 * 1290 + 490
PSP_TOKENS = {"stripe": "pm_card_visa", "adyen": "shopper-1.pays"}


def open_taxed_shop() -> tuple[Variant, Variant]:
    """Open a shop that sells mugs and pots, taxed and sent."""
    TaxRateFactory.create()
    ShippingPriceFactory.create()
    mug = open_shop()
    pot = VariantFactory.create(on_hand=5)
    for variant in (mug, pot):
        variant.weight_grams = 300
        variant.save()
    return mug, pot


def sell(*items: tuple[Variant, int], at_shipping: bool = False, psp: str = "stripe", **terms: Any) -> Order:
    """Sell these to a buyer in Germany; return the order."""
    new = NewSession(
        currency="EUR",
        items=[LineItem(variant.sku, quantity) for variant, quantity in items],
        buyer_email=f"ada-{uuid.uuid4()}@example.com",
        **{"shipping_address": {"country": "DE"}, **terms},
    )
    with override_settings(SHOP_CAPTURES_AT_SHIPPING=at_shipping):
        with transaction():
            session = str(create_session(client=CLIENT, new=new, now=NOW)["id"])
        answer = complete_session(
            keyed=KeyedRequest(client=CLIENT, key=str(uuid.uuid4()), fingerprint=b"x" * 32),
            session_id=session,
            payment=Payment(Method((Token(psp, PSP_TOKENS[psp]),))),
            now=NOW,
            refuse=refuse,
        )
    assert answer.status == 200, answer.body
    return Order.objects.get(public_id=json.loads(answer.body)["order"]["id"])


def sell_mugs(quantity: int, **terms: Any) -> tuple[Variant, Order]:
    """Open the taxed shop, and sell so many mugs; return what a mug is, and the order."""
    mug, _ = open_taxed_shop()
    return mug, sell((mug, quantity), **terms)


def ship(order: Order, *lines: tuple[Variant, int], **parcel: str) -> dict[str, Any]:
    """Ship these units, or all that is open."""
    wanted = [Wanted(variant.sku, quantity) for variant, quantity in lines]
    with transaction():
        return ship_order(client=CLIENT, order_id=order.public_id, parcel=Parcel(wanted, **parcel), now=NOW)


def cancel(order: Order, *lines: tuple[Variant, int]) -> dict[str, Any]:
    """Cancel these units, or all that is open."""
    wanted = [Wanted(variant.sku, quantity) for variant, quantity in lines]
    with transaction():
        return cancel_order(client=CLIENT, order_id=order.public_id, cancel=Cancel(wanted), now=NOW)


def take_back(
    order: Order,
    *lines: tuple[Variant, int],
    refund: bool = True,
    shipping: bool = False,
    disposition: Disposition = Disposition.RESTOCK,
) -> dict[str, Any]:
    """Take these units back."""
    wanted = [Wanted(variant.sku, quantity, disposition=disposition) for variant, quantity in lines]
    goods = GoodsBack(wanted, refund=refund, shipping=shipping)
    with transaction():
        return return_order(client=CLIENT, order_id=order.public_id, goods=goods, now=NOW)


def review(order: Order) -> str:
    """Have the order looked at."""
    return str(review_order(order_id=order.public_id, client=CLIENT, now=NOW))


def capture_all() -> None:
    """Have the PSP take what was asked for; one that tells by webhook says yes."""
    for capture in Capture.objects.filter(state="pending").select_related("attempt"):
        if capture.attempt.psp == "stripe":
            send_capture(capture_uuid=capture.uuid, now=NOW)
        else:
            money = Money(capture.amount_minor, capture.currency)
            with transaction():
                outcome = CaptureSucceeded(f"cap-{capture.number}", money)
                settle_capture(capture_uuid=capture.uuid, outcome=outcome, now=NOW)


def fail_capture() -> None:
    """Have the PSP refuse the capture that is asked for."""
    with transaction():
        capture = Capture.objects.get(state="pending")
        settle_capture(capture_uuid=capture.uuid, outcome=CaptureFailed(None, reason="refused"), now=NOW)


def pay_back() -> None:
    """Have the PSP pay back what was promised."""
    for refund in due_refunds(now=NOW, limit=10):
        send_refund(refund_uuid=refund, now=NOW)


def refund_by_hand(order: Order, minor: int | None = None) -> None:
    """Have a person pay back so much, or all that is left."""
    with transaction():
        refund_intent(
            client=CLIENT, intent_id=str(order.payment_intent), amount_minor=minor, reason="duplicate", now=NOW
        )


def books(*codes: str) -> list[int]:
    """Return what is on these accounts, as their normal sides have it."""
    found = {each.code: ledger.balance_of(each).balance.amount_minor for each in ledger.accounts(book="shop")}
    return [found.get(code, 0) for code in codes]


def shelf(variant: Variant) -> tuple[int, int]:
    """Return how many are on hand, and reserved of these."""
    items = StockItem.objects.filter(variant=variant)
    return sum(item.on_hand for item in items), sum(item.reserved for item in items)


def wrong() -> list[Any]:
    """Return every invariant of the whole system that is broken by now."""
    return [check for check in all_checks(now=NOW) if not check.passed]


def kinds(body: dict[str, Any]) -> list[tuple[str, str, int]]:
    """Return (kind, state, amount) of each adjustment that an order shows."""
    return [(row["kind"], row["state"], row["amount_minor"]) for row in body["adjustments"]]


def statuses(body: dict[str, Any]) -> Sequence[str]:
    """Return how far each line is."""
    return [line["status"] for line in body["line_items"]]
