"""What must always be true of carts; ``manage.py verify`` asks."""

from collections.abc import Iterator

from django.db.models import Exists, OuterRef

from checkout.models import Cart, CheckoutSession
from checkout.states import PAYING_SESSION_STATES, CartState, SessionState
from exactly_once.verification import CheckResult


def checks() -> Iterator[CheckResult]:
    """Run every check of carts."""
    yield _ordered_once()
    yield _paying_one_by_one()


def _paying_one_by_one() -> CheckResult:
    paid = Exists(CheckoutSession.objects.filter(cart=OuterRef("pk"), state__in=PAYING_SESSION_STATES))
    carts = Cart.objects.annotate(paid=paid)
    wrong = carts.filter(state=CartState.PAYING, paid=False) | carts.exclude(state=CartState.PAYING).filter(paid=True)
    return CheckResult.of(
        "checkout: a cart is being paid exactly if a session of it is",
        carts.count(),
        list(wrong.values_list("public_id", flat=True)),
    )


def _ordered_once() -> CheckResult:
    completed = Exists(CheckoutSession.objects.filter(cart=OuterRef("pk"), state=SessionState.COMPLETED))
    carts = Cart.objects.annotate(completed=completed)
    wrong = carts.filter(state=CartState.ORDERED, completed=False) | carts.exclude(state=CartState.ORDERED).filter(
        completed=True
    )
    return CheckResult.of(
        "checkout: a cart is ordered exactly if a session of it is completed",
        carts.count(),
        list(wrong.values_list("public_id", flat=True)),
    )
