"""What must always be true of prices and discounts; ``manage.py verify`` asks. Each is a constraint, too."""

from collections.abc import Iterator

from django.db import connection
from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Coalesce

from checkout.models import CheckoutSession, Discount, DiscountRedemption, Order, OrderLine, SessionLine
from checkout.states import LIVE_REDEMPTION_STATES, PAYING_SESSION_STATES, RedemptionState, SessionState
from exactly_once.verification import CheckResult

# Of a line: the taxes on top, and that those within its price leave something of it.
_WRONG_TAXES = """
SELECT l.id
FROM {table} AS l
CROSS JOIN LATERAL (
    SELECT
        coalesce(sum(t.amount_minor) FILTER (WHERE NOT t.inclusive), 0) AS added,
        coalesce(sum(t.amount_minor) FILTER (WHERE t.inclusive), 0) AS included
    FROM jsonb_to_recordset(l.taxes) AS t (amount_minor bigint, inclusive boolean)
) AS s
WHERE l.tax_minor <> s.added OR s.included > l.quantity * l.unit_amount_minor - l.discount_minor
ORDER BY l.id
"""


def checks() -> Iterator[CheckResult]:
    """Run every check of prices."""
    yield _lines_add_up("sessions", CheckoutSession)
    yield _lines_add_up("orders", Order)
    yield _taxes_add_up(SessionLine)
    yield _taxes_add_up(OrderLine)
    yield _order_costs_what_its_session_did()
    yield _redemptions_are_counted()
    yield _redemptions_follow_their_sessions()


def _lines_add_up(name: str, model: type[CheckoutSession | Order]) -> CheckResult:
    rows = model.objects.annotate(
        of_lines=Coalesce(Sum(F("lines__quantity") * F("lines__unit_amount_minor")), 0),
        off_lines=Coalesce(Sum("lines__discount_minor"), 0),
        on_lines=Coalesce(Sum("lines__tax_minor"), 0),
    )
    wrong = rows.exclude(
        subtotal_minor=F("of_lines"),
        discount_minor=F("off_lines") + F("shipping_discount_minor"),
        tax_minor=F("on_lines") + F("shipping_tax_minor"),
        total_minor=F("subtotal_minor") - F("discount_minor") + F("fulfillment_minor") + F("tax_minor"),
    )
    return CheckResult.of(
        f"checkout: totals of {name} add up, and are those of their lines and shipping",
        model.objects.count(),
        list(wrong.values_list("public_id", flat=True)),
    )


def _taxes_add_up(model: type[SessionLine | OrderLine]) -> CheckResult:
    table = model._meta.db_table  # noqa: SLF001 - Django's documented name
    with connection.cursor() as cursor:
        cursor.execute(_WRONG_TAXES.format(table=table))
        wrong = [row[0] for row in cursor.fetchall()]
    return CheckResult.of(
        f"checkout: the taxes of each row of {table} are those of its jurisdictions", model.objects.count(), wrong
    )


def _order_costs_what_its_session_did() -> CheckResult:
    columns = ("currency", "subtotal_minor", "discount_minor", "fulfillment_minor", "tax_minor", "total_minor")
    wrong = Order.objects.exclude(**{column: F(f"session__{column}") for column in columns})
    return CheckResult.of(
        "checkout: an order costs what the buyer saw in its session",
        Order.objects.count(),
        list(wrong.values_list("public_id", flat=True)),
    )


def _redemptions_are_counted() -> CheckResult:
    live = Q(redemptions__state__in=LIVE_REDEMPTION_STATES)
    wrong = Discount.objects.annotate(live=Count("redemptions", filter=live)).exclude(redeemed=F("live"))
    return CheckResult.of(
        "checkout: a discount counts its live redemptions",
        Discount.objects.count(),
        list(wrong.values_list("code", flat=True)),
    )


def _redemptions_follow_their_sessions() -> CheckResult:
    """Held while the session is being paid, redeemed by its order, released otherwise; none without a discount."""
    held = Q(state=RedemptionState.HELD, session__state__in=PAYING_SESSION_STATES)
    redeemed = Q(state=RedemptionState.REDEEMED, session__state=SessionState.COMPLETED)
    discounted = (held | redeemed) & ~Q(session__discount_title="")
    wrong = DiscountRedemption.objects.exclude(discounted | Q(state=RedemptionState.RELEASED))
    unused = Order.objects.exclude(discount_title="").exclude(session__redemptions__state=RedemptionState.REDEEMED)
    return CheckResult.of(
        "checkout: a discount is redeemed by each order that has one, and held for payments under way alone",
        DiscountRedemption.objects.count(),
        [*wrong.values_list("session__public_id", flat=True), *unused.values_list("public_id", flat=True)],
    )
