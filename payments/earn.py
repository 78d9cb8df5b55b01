"""Earn what was paid for, or is held: goods have left."""

from collections.abc import Sequence
from datetime import datetime

from django_subatomic.db import transaction_required

from ledger import journal
from ledger.money import Money
from payments import posting_rules
from payments.chart import ensure_sale_chart
from payments.part_rows import sale_of
from payments.parts import Part


@transaction_required
def earn(
    *, book: str, shipment_id: str, parts: Sequence[Part], currency: str, order_reference: str, now: datetime
) -> Money:
    """Post that these parts of an order are earned by a shipment, and the taxes on them owed; return their sum."""
    sale = sale_of(parts=parts, currency=currency)
    if sale.total.amount_minor:
        ensure_sale_chart(book=book, currency=currency, jurisdictions=[where for where, _ in sale.taxes])
        draft = posting_rules.shipped(shipment_id=shipment_id, sale=sale, order_reference=order_reference, now=now)
        journal.post(book=book, drafts=draft)
    return sale.total
