"""A payment that is authorised at the simulator and waits to be captured."""

from uuid import UUID

from django_subatomic.db import transaction

from ledger.accounts import open_book
from ledger.models import Entry, Transaction
from ledger.money import Money
from payments.ask_psp import charge
from payments.begin_attempt import Charge, begin_attempt
from payments.capture import request_capture
from payments.judge_news import AttemptNews
from payments.models import Attempt, PaymentIntent
from payments.routing import Token
from payments.settle_attempt import settle_attempt
from payments.verify import checks
from tests.factories import NOW

EUR = Money(1290, "EUR")
ORDER = "chk_1"
RECEIVABLE = "assets:psp:stripe:receivable"


def begin(*, token: str = "pm_card_visa", psp: str = "stripe", captures_at_once: bool = False) -> UUID:
    """Open the book and record an attempt."""
    with transaction():
        open_book(code="shop", name="Shop", now=NOW)
        return begin_attempt(
            charge=Charge(
                book="shop",
                client="cli_test",
                order_reference=ORDER,
                money=EUR,
                description="",
                tokens=[Token(psp, token)],
                captures_at_once=captures_at_once,
            ),
            now=NOW,
        )


def hold() -> UUID:
    """Have the simulator hold the money."""
    attempt = begin()
    assert charge(attempt_uuid=attempt, now=NOW) == "authorized"
    return attempt


def ask(minor: int | None = None, *, final: bool = True) -> UUID:
    """Ask for a capture, of everything unless told."""
    with transaction():
        money = None if minor is None else Money(minor, "EUR")
        return request_capture(order_reference=ORDER, money=money, final=final, now=NOW)


def lines() -> list[tuple[str, str, str, int]]:
    """Return (kind, account, status and side, amount) of every entry in the books."""
    kinds = dict(Transaction.objects.values_list("pk", "kind"))
    rows = Entry.objects.select_related("account").order_by("pk")
    return [(kinds[row.transaction_id], row.account.code, row.status + row.direction, row.amount_minor) for row in rows]


def news(attempt: UUID, outcome: AttemptNews) -> str:
    """Settle the attempt."""
    with transaction():
        return str(settle_attempt(attempt_uuid=attempt, outcome=outcome, now=NOW))


def reference() -> str:
    """Return the PSP's word for the only payment."""
    return str(Attempt.objects.get().psp_reference)


def states() -> tuple[str, str, int]:
    """Return the intent's state, the attempt's, and how much was captured."""
    attempt = Attempt.objects.get()
    return PaymentIntent.objects.get().state, attempt.state, attempt.captured_minor


def assert_in_order() -> None:
    """Assert that verify finds nothing."""
    assert [check.name for check in checks(now=NOW) if not check.passed] == []
