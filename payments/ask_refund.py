"""Ask a PSP to pay money back, or what became of that."""

from datetime import datetime

from ledger.money import Money
from payments.models import BreakRefund, Refund
from payments.psp.outcomes import NoLookUp, NotFoundAtPsp, RetrieveRefundOutcome
from payments.psp.registry import get_adapter
from payments.states import RefundState


def ask_refund(
    *, refund: Refund | BreakRefund, psp: str, account: str, psp_reference: str, now: datetime
) -> RetrieveRefundOutcome:
    """Ask for the refund; where that was done before, look first what became of it.

    :param psp_reference: the payment that it goes back by. No transaction is open.
    """
    if refund.sent_at is None:
        raise AssertionError("when a refund was first asked for is noted before")
    adapter = get_adapter(psp=psp, account=account)
    if refund.checks > 1:
        found = adapter.retrieve_refund(refund_id=refund.uuid, psp_reference=psp_reference)
        told = not isinstance(found, NotFoundAtPsp | NoLookUp)
        if told or refund.state != RefundState.PENDING or now - refund.sent_at >= adapter.key_retention:
            return found
    return adapter.refund(
        key=f"{refund.uuid}:refund:1",
        psp_reference=psp_reference,
        refund_id=refund.uuid,
        money=Money(refund.amount_minor, refund.currency),
    )
