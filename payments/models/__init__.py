"""Rows of the payments package. No other package imports them: they hand each other ids and frozen dataclasses.

Amounts are bigint minor units of the row's ISO 4217 currency.
"""

from payments.models.bank import BankLine
from payments.models.break_refunds import BreakRefund
from payments.models.breaks import Break, BreakEvent
from payments.models.decisions import Decision
from payments.models.files import CsvMapping, FileContent, FileImport, FileRow
from payments.models.intent import Attempt, PaymentIntent
from payments.models.movements import Capture, Refund, Void
from payments.models.parts import IntentPart, RefundPart
from payments.models.resolutions import Resolution
from payments.models.routing import PspCircuit, RoutingRule
from payments.models.settled import Dispute, Payout
from payments.models.settlement import SettlementImport, SettlementLine
from payments.models.unknown import UnknownAttempt

__all__ = [
    "Attempt",
    "BankLine",
    "Break",
    "BreakEvent",
    "BreakRefund",
    "Capture",
    "CsvMapping",
    "Decision",
    "Dispute",
    "FileContent",
    "FileImport",
    "FileRow",
    "IntentPart",
    "PaymentIntent",
    "Payout",
    "PspCircuit",
    "Refund",
    "RefundPart",
    "Resolution",
    "RoutingRule",
    "SettlementImport",
    "SettlementLine",
    "UnknownAttempt",
    "Void",
]
