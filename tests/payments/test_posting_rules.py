"""Where the money goes, account by account."""

from datetime import UTC, datetime

from ledger.drafts import TransactionDraft
from ledger.money import Money
from payments import posting_rules
from payments.states import RefundState

NOW = datetime(2026, 11, 23, tzinfo=UTC)
EUR = Money(6028, "EUR")
PAYMENT = posting_rules.Payment("stripe", "main", "pi_1", "chk_1")


def _lines(draft: TransactionDraft) -> list[tuple[str, str, Money]]:
    return [(entry.direction, entry.account, entry.money) for entry in draft.entries]


def test_a_capture_makes_the_psp_our_debtor_and_us_the_buyers() -> None:
    draft = posting_rules.captured(payment=PAYMENT, number=1, money=EUR, released=None, final=True, now=NOW)
    assert draft.reference == "stripe:main:pi_1:captured"
    assert _lines(draft) == [
        ("debit", "assets:psp:stripe:receivable", EUR),
        ("credit", "liabilities:orders", EUR),
    ]


def test_a_refund_is_promised_and_then_paid_by_the_psp() -> None:
    asked = posting_rules.refund_requested(refund_id="re_1", money=EUR, order_reference="chk_1", now=NOW)
    paid = posting_rules.refund_succeeded(
        psp="stripe", refund_id="re_1", psp_reference="re_x", money=EUR, order_reference="chk_1", now=NOW
    )
    assert _lines(asked) == [("debit", "liabilities:orders", EUR), ("credit", "liabilities:refunds", EUR)]
    assert _lines(paid) == [("debit", "liabilities:refunds", EUR), ("credit", "assets:psp:stripe:receivable", EUR)]


def test_a_refund_that_fails_gives_back_what_it_had_taken() -> None:
    before, after = (
        posting_rules.refund_undone(
            psp="stripe",
            refund_id="re_1",
            state=RefundState.FAILED,
            was_paid=was_paid,
            money=EUR,
            order_reference="chk_1",
            now=NOW,
        )
        for was_paid in (False, True)
    )
    assert (before.reference, before.kind) == ("re_1:failed", "refund.failed")
    assert _lines(before) == [("debit", "liabilities:refunds", EUR), ("credit", "liabilities:orders", EUR)]
    assert _lines(after) == [("debit", "assets:psp:stripe:receivable", EUR), ("credit", "liabilities:orders", EUR)]
