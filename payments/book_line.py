"""Post what a settlement line says beside what it proves: the PSP's fee, and what it exchanged."""

from django_subatomic.db import transaction_required

from ledger import journal
from ledger.drafts import TransactionDraft
from ledger.money import Money
from payments import settlement_rules
from payments.chart import ensure_dispute_chart, ensure_settlement_chart
from payments.conversion import Conversion, conversion_of
from payments.models import SettlementLine
from payments.states import LineKind

_OF_DISPUTES = (LineKind.DISPUTE, LineKind.DISPUTE_REVERSAL)


def conversion_by(line: SettlementLine) -> Conversion | None:
    """Return what the PSP exchanged by the line, if anything."""
    if line.original_minor is None or not line.gross_minor:
        return None
    return conversion_of(
        gross=Money(line.gross_minor, line.currency),
        original=Money(line.original_minor, line.original_currency),
        told=line.exchange_rate,
    )


@transaction_required
def book_line(*, line: SettlementLine, conversion: Conversion | None) -> int:
    """Post both, as far as nobody else has, and return how much of the fee that was, in minor units.

    Nobody has to agree with them: they are the PSP's to decide.
    """
    fee_minor = line.fee_minor - _told_by_dispute(line)
    drafts = list(_drafts(line, conversion, fee_minor))
    if drafts:
        _open_accounts(line)
        journal.post(book=line.book, drafts=drafts)
    return fee_minor


def _drafts(line: SettlementLine, conversion: Conversion | None, fee_minor: int) -> list[TransactionDraft]:
    of = settlement_rules.SettlementOf(line.psp, line.psp_account, line.line_id, line.occurred_at)
    drafts = []
    if conversion is not None:
        sold, bought, rate = conversion.sold, conversion.bought, conversion.rate
        drafts.append(settlement_rules.converted(line=of, sold=sold, bought=bought, rate=rate))
    if fee_minor:
        rule = settlement_rules.fee_taken if fee_minor > 0 else settlement_rules.fee_returned
        money = Money(abs(fee_minor), line.currency)
        drafts.append(rule(line=of, money=money, of_dispute=line.kind in _OF_DISPUTES))
    return drafts


def _open_accounts(line: SettlementLine) -> None:
    currencies = sorted({line.currency, line.original_currency} - {""})
    for currency in currencies:
        ensure_settlement_chart(book=line.book, psp=line.psp, currency=currency)
    if line.kind in _OF_DISPUTES:
        ensure_dispute_chart(book=line.book, psp=line.psp, currency=line.currency)


def _told_by_dispute(line: SettlementLine) -> int:
    """Return how much of the fee is booked under the dispute's name and stands for no other line's."""
    dispute = line.dispute
    if dispute is None or dispute.currency != line.currency or line.fee_minor <= 0:
        return 0
    others = dispute.lines.exclude(pk=line.pk).filter(currency=line.currency, fee_minor__gt=0)
    used_minor = sum(each.fee_minor - each.booked_fee_minor for each in others)
    return min(line.fee_minor, max(dispute.fee_minor - used_minor, 0))
