"""Stripe's balance transactions, in our words."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from ledger.money import Money
from payments.psp.settlement import SettlementLine
from payments.psp.stripe import UNREADABLE
from payments.psp.stripe_balance import settlement_line
from payments.states import LineKind, PayoutState

type Object = dict[str, Any]

K = LineKind
OURS = UUID("0198f7a0-0000-7000-8000-000000000001")
AT = datetime(2026, 11, 23, 12, tzinfo=UTC)


def transaction(kind: str, amount: float, source: Object | None, *, fee: int = 0, **told: object) -> Object:
    return {
        "id": "txn_1",
        "type": kind,
        "amount": amount,
        "fee": fee,
        "net": amount - fee,
        "currency": "eur",
        "created": int(AT.timestamp()),
        "exchange_rate": None,
        "source": source,
        **told,
    }


def charge(currency: str = "eur", **told: object) -> Object:
    return {
        "id": "ch_1",
        "object": "charge",
        "amount": 2000,
        "amount_captured": 1290,
        "currency": currency,
        "payment_intent": "pi_1",
        "metadata": {"tally_attempt": str(OURS)},
        "billing_details": {"name": "Ada"},
        **told,
    }


REFUND = {"id": "re_1", "object": "refund", "amount": 290, "currency": "eur", "payment_intent": "pi_1", "metadata": {}}
DISPUTE = {
    "id": "du_1",
    "object": "dispute",
    "amount": 1290,
    "currency": "eur",
    "payment_intent": "pi_1",
    "reason": "fraudulent",
}
PAYOUT = {
    "id": "po_1",
    "object": "payout",
    "amount": 900,
    "currency": "eur",
    "status": "paid",
    "automatic": True,
    "arrival_date": 1796083200,
}


def test_a_charge_is_what_was_captured_and_what_that_costs() -> None:
    line = settlement_line(transaction("charge", 1290, charge(), fee=43))
    assert line == SettlementLine(
        line_id="txn_1",
        kind=K.CHARGE,
        gross=Money(1290, "EUR"),
        fee=Money(43, "EUR"),
        net=Money(1247, "EUR"),
        occurred_at=AT,
        psp_reference="pi_1",
        payment_reference="pi_1",
        our_id=OURS,
        raw=line.raw,
    )
    assert "billing_details" not in line.raw["source"]


@pytest.mark.parametrize(
    ("kind", "amount", "source", "expected"),
    [
        ("refund", -290, REFUND, (K.REFUND, -290, "re_1", "pi_1")),
        ("refund_failure", 290, REFUND, (K.REFUND_FAILURE, 290, "re_1", "pi_1")),
        ("adjustment", -1290, DISPUTE, (K.DISPUTE, -1290, "du_1", "pi_1")),
        ("adjustment", 1290, DISPUTE, (K.DISPUTE_REVERSAL, 1290, "du_1", "pi_1")),
        ("payout", -900, PAYOUT, (K.PAYOUT, -900, "po_1", "")),
        ("payout_failure", 900, PAYOUT, (K.PAYOUT_RETURN, 900, "po_1", "")),
        ("payout", 900, PAYOUT, (K.OTHER, 900, "", "")),  # it takes money from our bank account
        ("topup", 900, {"id": "tu_1", "object": "topup"}, (K.OTHER, 900, "", "")),
        ("invented_tomorrow", 900, None, (K.OTHER, 900, "", "")),
    ],
)
def test_each_kind_says_what_it_is_about(
    kind: str, amount: int, source: Object | None, expected: tuple[LineKind, int, str, str]
) -> None:
    line = settlement_line(transaction(kind, amount, source))
    assert (line.kind, line.gross.amount_minor, line.psp_reference, line.payment_reference) == expected


@pytest.mark.parametrize(("amount", "fee", "taken"), [(-200, 0, 200), (200, 0, -200), (0, -1500, -1500)])
def test_a_fee_by_itself_has_no_gross(amount: int, fee: int, taken: int) -> None:
    source = DISPUTE if fee else None
    line = settlement_line(transaction("adjustment" if fee else "stripe_fee", amount, source, fee=fee))
    assert (line.kind, line.gross.amount_minor, line.fee.amount_minor) == (K.FEE, 0, taken)
    assert line.net.amount_minor == -taken


def test_a_payout_says_how_it_stands() -> None:
    line = settlement_line(transaction("payout", -900, PAYOUT | {"status": "in_transit"}))
    assert (line.payout_state, line.arrives_on, line.payout_reference) == (
        PayoutState.IN_TRANSIT,
        date(2026, 12, 1),
        "po_1",
    )


def test_a_conversion_keeps_both_sums_and_the_digits_of_its_rate() -> None:
    line = settlement_line(transaction("charge", 1194, charge("usd"), fee=42, exchange_rate=0.925581))
    assert (line.gross, line.original, line.exchange_rate) == (
        Money(1194, "EUR"),
        Money(1290, "USD"),
        Decimal("0.925581"),
    )
    refund = settlement_line(transaction("refund", -268, REFUND | {"currency": "usd"}, exchange_rate=0.925581))
    assert refund.original == Money(-290, "USD")


@pytest.mark.parametrize(
    "nonsense",
    [
        transaction("charge", 1290, charge(), fee=43) | {"net": 1290},
        transaction("charge", 1290, None),
        transaction("charge", 1290, charge("usd"), exchange_rate=-1),
        transaction("charge", 1290, charge(), currency="isk"),  # which Stripe counts in hundredths, and ISO 4217 not
        transaction("charge", 1290, charge("isk")),
        transaction("charge", 12.9, charge()),
        transaction("payout", -900, PAYOUT | {"status": "teleported"}),
    ],
)
def test_what_makes_no_sense_is_refused(nonsense: Object) -> None:
    with pytest.raises(UNREADABLE):
        settlement_line(nonsense)
