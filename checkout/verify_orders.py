"""What must always be true of orders, their payments and what has become of them; ``manage.py verify`` asks."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import F, Q, QuerySet, Sum

from checkout.models import Cancellation, Order, OrderLine, Shipment
from checkout.order_refunds import RETURNED, unpaid
from checkout.states import OrderState
from exactly_once.verification import CheckResult
from ledger import queries as ledger
from payments.chart import ORDERS
from payments.order_payments import OrderPayment, payments_for_orders, refunds_that_came_back

type Owner = tuple[str, str]  # payment intent, checkout session
type Debt = tuple[str, str, str]  # book, checkout session, currency

HANDLED = F("shipped") + F("canceled")


@dataclass(frozen=True, slots=True)
class _Done:
    """What shipments have earned of an order, and what was canceled of it, with the refunds of that."""

    earned_minor: int
    canceled_minor: int
    refunds: Sequence[str]
    is_handled: bool
    is_in_review: bool


def checks() -> Iterator[CheckResult]:
    """Run every check of orders."""
    payments = list(payments_for_orders())
    yield _payment_per_order(payments)
    yield from _books(payments)
    yield _returns_are_paid(payments)
    yield _state_by_quantities()
    yield _lines_count_events()


def _payment_per_order(payments: Sequence[OrderPayment]) -> CheckResult:
    """Every order was paid or held in full, and every captured payment has an order or a refund that makes it good.

    An order stays one where the merchant has paid all of it back.
    """
    orders = {
        (intent, session): (total, currency)
        for intent, session, total, currency in Order.objects.filter(total_minor__gt=0).values_list(
            "payment_intent", "session__public_id", "total_minor", "currency"
        )
    }
    paid = {
        _identified(row) for row in payments if row.captured_minor == row.asked.amount_minor or not row.captures_at_once
    }
    kept = {_identified(row) for row in payments if row.kept}
    odd = (orders.items() - paid) | (kept - orders.items())
    wrong = sorted({str(intent) for (intent, _session), _total in odd})
    return CheckResult.of("checkout: orders and payments match one to one, to the cent", len(orders), wrong)


def _identified(row: OrderPayment) -> tuple[Owner, tuple[int, str]]:
    return (row.intent_id, row.order_reference), (row.asked.amount_minor, row.asked.currency)


def _books(payments: Sequence[OrderPayment]) -> Iterator[CheckResult]:
    """Compare, order by order: captured = earned + paid back before it was + still owed; in the end nothing is."""
    done = _done()
    owed = ledger.net_by_metadata(code=ORDERS, key="order_reference")
    of_orders = [(row, done[row.intent_id]) for row in payments if row.intent_id in done]
    unbalanced = [
        row.order_reference
        for row, order in of_orders
        if owed.get((row.book, row.order_reference, row.asked.currency), 0)
        != row.captured_minor - order.earned_minor - row.unearned_refunded_minor - row.offset_minor
    ]
    name = "checkout: of each order, what was captured is earned, paid back, set off or still owed in the ledger"
    yield CheckResult.of(name, len(of_orders), sorted(unbalanced))
    left = [(row, order, _left(row, order)) for row, order in of_orders]
    wrong = [
        row.order_reference
        for row, order, rest in left
        if row.asked.amount_minor < order.earned_minor + row.unearned_refunded_minor
        or (row.is_undisturbed and (rest < 0 or (rest > 0 and order.is_handled)))
    ]
    name = "checkout: an order of which nothing is left to ship is earned, paid back or not taken to the cent"
    yield CheckResult.of(name, len(left), sorted(wrong))
    yield _nothing_is_left(of_orders, owed)


def _nothing_is_left(of_orders: Sequence[tuple[OrderPayment, _Done]], owed: Mapping[Debt, int]) -> CheckResult:
    """Find goods owed of what is handled, or less than none, that neither PSP, bank nor people are at."""
    settled = [(row, order) for row, order in of_orders if not row.is_waiting and not order.is_in_review]
    left = [(row, order, owed.get((row.book, row.order_reference, row.asked.currency), 0)) for row, order in settled]
    wrong = [row.order_reference for row, order, minor in left if minor < 0 or (minor > 0 and order.is_handled)]
    name = "checkout: nothing stays owed in goods of an order that is shipped or canceled, and never less than nothing"
    return CheckResult.of(name, len(left), sorted(wrong))


def _returns_are_paid(payments: Sequence[OrderPayment]) -> CheckResult:
    """Find refunds of returns that came back, and that neither bank nor people are at, once all is shipped."""
    waiting = {row.order_reference for row in payments if row.is_waiting}
    handled = Order.objects.exclude(pk__in=OrderLine.objects.exclude(quantity=HANDLED).values("order"))
    orders = handled.exclude(state=OrderState.MANUAL_REVIEW)
    found = list(refunds_that_came_back(reason=RETURNED))
    wrong = []
    for row in found:
        order = orders.filter(session__public_id=row.order_reference).first()
        if order is None or row.order_reference in waiting:
            continue
        events = order.returns.values_list("parts", flat=True)
        if unpaid(events=events, reason=RETURNED, refunds=row.refunds).unsettled_minor(kept_minor=row.kept_minor):
            wrong.append(row.order_reference)
    name = "checkout: a refund of a return that came back is paid otherwise, or its order waits for people"
    return CheckResult.of(name, len(found), sorted(wrong))


def _left(row: OrderPayment, order: _Done) -> int:
    canceled_back = sum(row.unearned_refunds.get(refund, 0) for refund in order.refunds)
    not_taken = order.canceled_minor - canceled_back
    return row.asked.amount_minor - not_taken - order.earned_minor - row.unearned_refunded_minor


def _done() -> dict[str, _Done]:
    earned = _sums(Shipment.objects.all())
    canceled = _sums(Cancellation.objects.all())
    refunds: dict[int, list[str]] = defaultdict(list)
    for order, refund in Cancellation.objects.exclude(refund="").values_list("order_id", "refund"):
        refunds[order].append(refund)
    is_open = set(OrderLine.objects.exclude(quantity=HANDLED).values_list("order_id", flat=True))
    orders = Order.objects.filter(total_minor__gt=0).values_list("pk", "payment_intent", "state")
    return {
        str(intent): _Done(
            earned_minor=earned.get(order, 0),
            canceled_minor=canceled.get(order, 0),
            refunds=refunds.get(order, ()),
            is_handled=order not in is_open,
            is_in_review=state == OrderState.MANUAL_REVIEW,
        )
        for order, intent, state in orders.iterator()
    }


def _sums(events: QuerySet[Shipment] | QuerySet[Cancellation]) -> dict[int, int]:
    return dict(events.values_list("order_id").annotate(total=Sum("amount_minor")).order_by())


def _state_by_quantities() -> CheckResult:
    """Find orders that are further than their lines, or less far; not those that people are to look at."""
    lines = Order.objects.exclude(state=OrderState.MANUAL_REVIEW).annotate(
        ordered=Sum("lines__quantity"), shipped=Sum("lines__shipped"), canceled=Sum("lines__canceled")
    )
    all_handled = Q(ordered=F("shipped") + F("canceled"))
    fits = (
        (Q(state=OrderState.CONFIRMED, shipped=0) & ~all_handled)
        | (Q(state=OrderState.PROCESSING, shipped__gt=0) & ~all_handled)
        | (Q(state__in=[OrderState.SHIPPED, OrderState.COMPLETED], shipped__gt=0) & all_handled)
        | (Q(state=OrderState.CANCELED, shipped=0) & all_handled)
    )
    wrong = lines.exclude(fits)
    return CheckResult.of(
        "checkout: an order is as far as its lines are",
        Order.objects.count(),
        list(wrong.values_list("public_id", flat=True)),
    )


def _lines_count_events() -> CheckResult:
    columns = {"shipped": "shipped_units", "canceled": "canceled_units", "returned": "returned_units"}
    wrong: set[str] = set()
    for column, events in columns.items():
        sums = OrderLine.objects.annotate(total=Sum(f"{events}__quantity"))
        odd = sums.exclude(Q(total=F(column)) | Q(**{"total__isnull": True, column: 0}))
        wrong |= set(odd.values_list("order__public_id", flat=True))
    return CheckResult.of(
        "checkout: lines count what was shipped, canceled and returned", OrderLine.objects.count(), sorted(wrong)
    )
