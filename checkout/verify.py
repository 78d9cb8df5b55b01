"""What must always be true of orders and stock; ``manage.py verify`` asks."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import BigIntegerField, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from checkout import verify_carts, verify_orders, verify_prices
from checkout.models import CheckoutSession, Reservation, StockItem, StockMovement
from checkout.states import PAYING_SESSION_STATES, MovementKind, ReservationState, SessionState
from exactly_once.verification import CheckResult

# As long as payments may be unknown (payments/verify.py): then a person has to look at both.
WAITING_LIMIT = timedelta(hours=24)


def checks(*, now: datetime) -> Iterator[CheckResult]:
    """Run every check of this package, as of ``now``."""
    yield _stock_adds_up()
    yield _reservations_add_up()
    yield _shipped_units_add_up()
    yield _order_per_completed_session()
    yield _nothing_held_for_nothing()
    yield _nobody_waits_for_ever(now)
    yield from verify_prices.checks()
    yield from verify_orders.checks()
    yield from verify_carts.checks()


def _stock_adds_up() -> CheckResult:
    items = StockItem.objects.annotate(
        moved_on_hand=Coalesce(Sum("movements__on_hand_delta"), 0),
        moved_reserved=Coalesce(Sum("movements__reserved_delta"), 0),
    )
    wrong = items.exclude(on_hand=F("moved_on_hand"), reserved=F("moved_reserved"), reserved__lte=F("on_hand"))
    return CheckResult.of(
        "checkout: stock equals the sum of its movements, 0 <= reserved <= on hand",
        items.count(),
        list(wrong.values_list("variant__sku", flat=True)),
    )


def _reservations_add_up() -> CheckResult:
    live = Q(reservations__state__in=[ReservationState.HELD, ReservationState.COMMITTED])
    items = StockItem.objects.annotate(live=Coalesce(Sum("reservations__quantity", filter=live), 0))
    wrong = items.exclude(reserved=F("live"))
    return CheckResult.of(
        "checkout: reserved stock equals the live reservations",
        items.count(),
        list(wrong.values_list("variant__sku", flat=True)),
    )


def _shipped_units_add_up() -> CheckResult:
    shipped = Reservation.objects.filter(stock_item=OuterRef("pk"), state=ReservationState.CONSUMED)
    left = StockMovement.objects.filter(stock_item=OuterRef("pk"), kind=MovementKind.CONSUMED)
    items = StockItem.objects.annotate(shipped=_sum(shipped, F("quantity")), left=_sum(left, -F("on_hand_delta")))
    return CheckResult.of(
        "checkout: consumed reservations equal the stock that has left",
        items.count(),
        list(items.exclude(shipped=F("left")).values_list("variant__sku", flat=True)),
    )


def _sum(rows: QuerySet[Any], units: Combinable) -> Coalesce:
    total = rows.order_by().values("stock_item").annotate(total=Sum(units)).values("total")
    return Coalesce(Subquery(total), 0, output_field=BigIntegerField())


def _order_per_completed_session() -> CheckResult:
    completed = Q(state=SessionState.COMPLETED)
    wrong = CheckoutSession.objects.filter((completed & Q(order__isnull=True)) | (~completed & Q(order__isnull=False)))
    return CheckResult.of(
        "checkout: a session is completed exactly if it has an order",
        CheckoutSession.objects.count(),
        list(wrong.values_list("public_id", flat=True)),
    )


def _nothing_held_for_nothing() -> CheckResult:
    idle = CheckoutSession.objects.exclude(state__in=PAYING_SESSION_STATES).filter(
        reservations__state=ReservationState.HELD
    )
    return CheckResult.of(
        "checkout: stock is held only while a payment is under way",
        CheckoutSession.objects.filter(reservations__state=ReservationState.HELD).count(),
        list(idle.values_list("public_id", flat=True)),
    )


def _nobody_waits_for_ever(now: datetime) -> CheckResult:
    waiting = CheckoutSession.objects.filter(state=SessionState.COMPLETE_IN_PROGRESS)
    late = waiting.filter(updated_at__lt=now - WAITING_LIMIT)
    return CheckResult.of(
        f"checkout: no session waits for its payment for more than {WAITING_LIMIT.total_seconds() / 3600:.0f} h",
        waiting.count(),
        list(late.values_list("public_id", flat=True)),
    )
