"""The smallest PSP there can be: it says yes to everything, at once, and asks nobody."""

import hmac
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from ledger.money import Money
from payments.errors import BadSignature
from payments.psp.news import DisputeEvent, WebhookEvent
from payments.psp.outcomes import (
    Approved,
    AuthorizeOutcome,
    CaptureOutcome,
    CaptureSucceeded,
    NoLookUp,
    RefundOutcome,
    RefundSucceeded,
    RetrieveOutcome,
    RetrieveRefundOutcome,
    Voided,
    VoidOutcome,
)
from payments.psp.settlement import NoSettlementLines, SettlementOutcome
from payments.states import DisputeState


class YesAdapter:
    """One account at a PSP that says yes."""

    key_retention = timedelta(days=1)
    signature_headers: tuple[str, ...] = ("yes-signature",)
    several_captures = False

    def __init__(self, *, secret: str, connect_timeout_seconds: float, read_timeout_seconds: float) -> None:
        self._secret = secret

    def authorize(
        self, *, key: str, attempt_id: UUID, money: Money, token: str, capture: bool, description: str
    ) -> AuthorizeOutcome:
        return Approved(f"yes_{attempt_id}", captured=capture, money=money)

    def finish(
        self, *, key: str, attempt_id: UUID, psp_reference: str | None, returned: Mapping[str, str]
    ) -> RetrieveOutcome:
        return NoLookUp()

    def capture(self, *, key: str, capture_id: UUID, psp_reference: str, money: Money, final: bool) -> CaptureOutcome:
        return CaptureSucceeded(psp_reference, money)

    def void(self, *, key: str, psp_reference: str) -> VoidOutcome:
        return Voided(psp_reference)

    def refund(self, *, key: str, psp_reference: str, refund_id: UUID, money: Money) -> RefundOutcome:
        return RefundSucceeded(f"back_{refund_id}", money)

    def retrieve(self, *, attempt_id: UUID, psp_reference: str | None) -> RetrieveOutcome:
        return NoLookUp()

    def retrieve_refund(self, *, refund_id: UUID, psp_reference: str) -> RetrieveRefundOutcome:
        return NoLookUp()

    def settlement_lines(self, *, since: datetime, cursor: str, limit: int) -> SettlementOutcome:
        return NoSettlementLines()

    def verify_webhook(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        if not hmac.compare_digest(headers.get("Yes-Signature", ""), self._secret):
            raise BadSignature(code="signature_invalid", detail="It does not say yes.")
        return str(json.loads(body)["id"])

    def parse_webhook(self, *, body: bytes) -> tuple[WebhookEvent, ...]:
        told = json.loads(body)
        money = Money(told["amount"], told["currency"])
        return (DisputeEvent(told["id"], told["payment"], DisputeState(told["state"]), money, "no"),)
