"""What must always be true of carts; ``manage.py verify`` asks."""

from collections.abc import Iterator

from django.db.models import Exists, OuterRef

from checkout.models import Cart, CheckoutSession
from checkout.states import CartState, SessionState
from exactly_once.verification import CheckResult


def checks() -> Iterator[CheckResult]:
    """Run every check of carts."""
    yield _ordered_once()


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
