"""What Stripe's balance transactions mean in our words. Pure: dicts in, lines out. Raises as stripe_objects.py does."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from ledger.money import Money
from payments.psp.settlement import SettlementLine
from payments.psp.stripe_currencies import is_counted_alike
from payments.states import LineKind, PayoutState

type Object = Mapping[str, Any]

K = LineKind

# Stripe's docs, "Balance transaction types". What is not here is for people.
_KIND_OF = {
    "charge": K.CHARGE,
    "payment": K.CHARGE,
    "refund": K.REFUND,
    "payment_refund": K.REFUND,
    "refund_failure": K.REFUND_FAILURE,
    "stripe_fee": K.FEE,
    "stripe_fx_fee": K.FEE,
    "tax_fee": K.FEE,
    "network_cost": K.FEE,
    "payout": K.PAYOUT,
    "payout_failure": K.PAYOUT_RETURN,
    "payout_cancel": K.PAYOUT_RETURN,
}
# What is kept of the object that a transaction is about; the rest may be about the buyer.
_KEPT = (
    "id",
    "object",
    "amount",
    "amount_captured",
    "arrival_date",
    "automatic",
    "charge",
    "created",
    "currency",
    "metadata",
    "payment_intent",
    "reason",
    "reconciliation_status",
    "status",
)


def settlement_line(transaction: Object, *, payout_reference: str = "") -> SettlementLine:
    """Return a balance transaction, its source expanded, as a line (API reference, "Balance Transaction object")."""
    source: Object = transaction["source"] if isinstance(transaction["source"], dict) else {}
    kind = _kind(transaction, source)
    currency, fee = transaction["currency"].upper(), transaction["fee"]
    gross = 0 if kind is K.FEE else transaction["amount"]
    if not is_counted_alike(currency):
        raise ValueError(f"Stripe's minor unit of {currency} is not ISO 4217's")
    line = SettlementLine(
        line_id=transaction["id"],
        kind=kind,
        gross=Money(gross, currency),
        fee=Money(fee - transaction["amount"] if kind is K.FEE else fee, currency),
        net=Money(transaction["net"], currency),
        occurred_at=datetime.fromtimestamp(transaction["created"], UTC),
        payout_reference=payout_reference,
        reason=str(source.get("reason") or transaction.get("description") or "")[:64],
        raw={**transaction, "source": {name: value for name, value in source.items() if name in _KEPT}},
    )
    return _about(line, source, transaction.get("exchange_rate"))


def _kind(transaction: Object, source: Object) -> LineKind:
    if source.get("object") == "dispute" and transaction["amount"]:
        return K.DISPUTE if transaction["amount"] < 0 else K.DISPUTE_REVERSAL
    if not transaction["amount"] and transaction["fee"]:
        return K.FEE
    kind = _KIND_OF.get(transaction["type"], K.OTHER)
    # A payout that takes money from our bank account.
    return K.OTHER if kind is K.PAYOUT and transaction["amount"] >= 0 else kind


def _about(line: SettlementLine, source: Object, rate: object) -> SettlementLine:
    """Return the line with what it is about."""
    match line.kind:
        case K.CHARGE:
            payment = _text(source.get("payment_intent") or source["id"])
            ours, amount = _our_id(source, "tally_attempt"), source.get("amount_captured", source["amount"])
            line = replace(line, psp_reference=payment, payment_reference=payment, our_id=ours)
        case K.REFUND | K.REFUND_FAILURE:
            payment = source.get("payment_intent") or source.get("charge") or ""
            ours, amount = _our_id(source, "tally_refund"), source["amount"]
            line = replace(line, psp_reference=_text(source["id"]), payment_reference=payment, our_id=ours)
        case K.DISPUTE | K.DISPUTE_REVERSAL:
            payment, amount = source.get("payment_intent") or "", source["amount"]
            line = replace(line, psp_reference=_text(source["id"]), payment_reference=payment)
        case K.PAYOUT | K.PAYOUT_RETURN:
            return _of_payout(line, source)
        case _:
            return line
    return _converted(line, source["currency"].upper(), amount, rate)


def _converted(line: SettlementLine, currency: str, amount: int, rate: object) -> SettlementLine:
    if currency == line.gross.currency:
        return line
    if not is_counted_alike(currency):
        raise ValueError(f"Stripe's minor unit of {currency} is not ISO 4217's")
    signed = amount if line.gross.amount_minor > 0 else -amount
    # As text a number has the digits that Stripe sent.
    told = None if rate is None else Decimal(str(rate))
    return replace(line, original=Money(signed, currency), exchange_rate=told)


def _of_payout(line: SettlementLine, source: Object) -> SettlementLine:
    arrives = source.get("arrival_date")
    payout = _text(source["id"])
    return replace(
        line,
        psp_reference=payout,
        payout_reference=payout if line.kind is K.PAYOUT else line.payout_reference,
        payout_state=PayoutState(source["status"]),
        arrives_on=None if arrives is None else datetime.fromtimestamp(arrives, UTC).date(),
    )


def _our_id(source: Object, name: str) -> UUID | None:
    try:
        return UUID((source.get("metadata") or {})[name])
    except (KeyError, ValueError):
        return None


def _text(found: Any) -> str:
    if not isinstance(found, str) or not found:
        raise ValueError("an id is some text")
    return found
