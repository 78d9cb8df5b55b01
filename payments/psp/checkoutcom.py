"""Checkout.com, through its official SDK: payments by stored instrument or token, actions upon them, signed webhooks.

Our ids travel as references and in metadata, so that a list, a payment's actions or a webhook finds what is ours even
where Checkout.com's own ids never reached us.

A capture, a void and a refund are taken in (202) and decided later: a webhook, or a look-up, tells.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from ledger.money import Money
from payments.psp import checkoutcom_events, checkoutcom_objects
from payments.psp.checkoutcom_client import CheckoutComClient, Found, behind, call, look, read, understood
from payments.psp.checkoutcom_currencies import is_taken_alike
from payments.psp.checkoutcom_objects import Object, Refusal
from payments.psp.checkoutcom_reports import Walk
from payments.psp.checkoutcom_settlement import OF_DISPUTES, named_disputes, settlement_lines
from payments.psp.news import WebhookEvent
from payments.psp.outcomes import (
    Approved,
    AuthorizeOutcome,
    CaptureFailed,
    CaptureOutcome,
    CapturePending,
    Declined,
    DeclineReason,
    NotFoundAtPsp,
    NotSent,
    Pending,
    RefundFailed,
    RefundOutcome,
    RefundPending,
    RequiresAction,
    RetrieveOutcome,
    RetrieveRefundOutcome,
    Unknown,
    Voided,
    VoidOutcome,
)
from payments.psp.settlement import Lines, SettlementOutcome

# The longest description that Checkout.com takes (API reference, "Request a payment").
MAX_DESCRIPTION = 100
# The longest page of a list that it gives.
MOST_LISTED = 100


class CheckoutComAdapter:
    """One Checkout.com account. ``return_url`` is where buyers come back to from 3-D Secure, our attempt's id added.

    :param api_base: the account's own address: ``https://{prefix}.api.checkout.com``.
    :param processing_channel: ``pc_...``, for an account that has several.
    :param webhook_authorization: what webhooks bring as their Authorization, where the workflow says so.
    """

    # Checkout.com remembers a key for 24 h (documentation, "Idempotency"), where it answered 2xx: after an error the
    # same key is executed anew, so that only the look-up before it keeps a charge that failed half-way from a second.
    key_retention = timedelta(hours=23)
    several_captures = True
    signature_headers: tuple[str, ...] = ("cko-signature",)

    def __init__(
        self,
        *,
        secret_key: str,
        webhook_secret: str,
        api_base: str,
        connect_timeout_seconds: float,
        read_timeout_seconds: float,
        processing_channel: str = "",
        webhook_authorization: str = "",
        return_url: str = "",
    ) -> None:
        self._webhook_secret = webhook_secret
        self._webhook_authorization = webhook_authorization
        self._processing_channel = processing_channel
        self._return_url = return_url
        timeout_seconds = (connect_timeout_seconds, read_timeout_seconds)
        self._client = CheckoutComClient(secret_key=secret_key, api_base=api_base, timeout_seconds=timeout_seconds)

    def authorize(
        self, *, key: str, attempt_id: UUID, money: Money, token: str, capture: bool, description: str
    ) -> AuthorizeOutcome:
        """Request a payment; declined here where Checkout.com would take the amount for another sum.

        What is taken "at once" is held first and captured by itself soon after.
        """
        source = checkoutcom_objects.source_of(token)
        if source is None:
            why = "neither a token (tok_) nor an instrument (src_) of Checkout.com"
            return Declined(None, reason=DeclineReason.INVALID_PAYMENT_METHOD, soft=False, message=why)
        if not is_taken_alike(money):
            why = f"Checkout.com does not take {money} as it is"
            return Declined(None, reason=DeclineReason.NOT_SUPPORTED, soft=True, message=why)
        request = {
            "source": source,
            "amount": money.amount_minor,
            "currency": money.currency,
            "capture": capture,
            "reference": str(attempt_id),
            "description": description[:MAX_DESCRIPTION],
            "metadata": {"tally_attempt": str(attempt_id)},
            **self._where_and_how(attempt_id),
        }
        answer = call(lambda: self._client.payments.request_payment(request, key))
        # That this request was refused says nothing of an earlier one under the same key: the record does.
        outcome = (
            behind(self.retrieve(attempt_id=attempt_id, psp_reference=None))
            if isinstance(answer, Refusal)
            else read(answer, checkoutcom_objects.of_attempt(attempt_id))
        )
        if isinstance(answer, Refusal) and isinstance(outcome, NotFoundAtPsp):
            return answer.as_decline()
        if isinstance(outcome, Approved | RequiresAction | Declined | NotSent | Unknown):
            return outcome
        return Unknown(detail=f"not decided yet: {outcome}")

    def finish(
        self, *, key: str, attempt_id: UUID, psp_reference: str | None, returned: Mapping[str, str]
    ) -> RetrieveOutcome:
        """Look the payment up: Checkout.com goes on by itself, and nobody has to believe a browser."""
        return self.retrieve(attempt_id=attempt_id, psp_reference=psp_reference)

    def capture(self, *, key: str, capture_id: UUID, psp_reference: str, money: Money, final: bool) -> CaptureOutcome:
        """Ask for a capture; where it is refused, say how ours stands among the payment's actions, if it is there."""
        request = {
            "amount": money.amount_minor,
            "capture_type": "Final" if final else "NonFinal",
            "reference": str(capture_id),
            "metadata": {"tally_capture": str(capture_id)},
        }
        answer = call(lambda: self._client.payments.capture_payment(psp_reference, request, key))
        if isinstance(answer, Refusal):
            reader = checkoutcom_objects.capture_among(capture_id, money.currency)
            found = read(behind(self._actions(psp_reference)), reader)
            return CaptureFailed(None, answer.reason, str(answer)) if isinstance(found, NotFoundAtPsp) else found
        return read(answer, checkoutcom_objects.accepted(str(capture_id), CapturePending))

    def void(self, *, key: str, psp_reference: str) -> VoidOutcome:
        """Ask to let go of what is not captured. Where that is refused because it was done before, that is the answer.

        Checkout.com does not let go of a payment that waits for the buyer: that one runs out.
        """
        answer = call(lambda: self._client.payments.void_payment(psp_reference, {"reference": key}, key))
        if isinstance(answer, Refusal):
            reader = checkoutcom_objects.is_let_go_of(psp_reference)
            is_let_go_of = read(behind(self._details(psp_reference)), reader)
            if isinstance(is_let_go_of, bool):
                return Voided(psp_reference) if is_let_go_of else answer.as_decline()
            return is_let_go_of
        return read(answer, checkoutcom_objects.accepted(key, lambda _: Pending(psp_reference)))

    def refund(self, *, key: str, psp_reference: str, refund_id: UUID, money: Money) -> RefundOutcome:
        """Ask for a refund; where it is refused, say how ours stands among the payment's actions, if it is there."""
        request = {
            "amount": money.amount_minor,
            "reference": str(refund_id),
            "metadata": {"tally_refund": str(refund_id)},
        }
        answer = call(lambda: self._client.payments.refund_payment(psp_reference, request, key))
        if isinstance(answer, Refusal):
            reader = checkoutcom_objects.refund_among(refund_id, money.currency)
            found = read(behind(self._actions(psp_reference)), reader)
            return RefundFailed(None, reason=answer.reason) if isinstance(found, NotFoundAtPsp) else found
        return read(answer, checkoutcom_objects.accepted(str(refund_id), RefundPending))

    def retrieve(self, *, attempt_id: UUID, psp_reference: str | None) -> RetrieveOutcome:
        """Read a payment by its id; without one, find it by its reference, which is our attempt."""
        if psp_reference is not None:
            reader = checkoutcom_objects.of_payment(psp_reference)
            outcome: RetrieveOutcome = read(self._details(psp_reference), reader)
        else:
            query = {"reference": str(attempt_id), "limit": MOST_LISTED}
            found = look(lambda: self._client.payments.get_payments_list(query))
            outcome = read(found, checkoutcom_objects.found_for(attempt_id))
        return self._with_reason(outcome) if isinstance(outcome, Declined) else outcome

    def retrieve_refund(self, *, refund_id: UUID, psp_reference: str) -> RetrieveRefundOutcome:
        """Find ours among a payment's actions, in the payment's currency."""
        currency = read(self._details(psp_reference), checkoutcom_objects.currency_of(psp_reference))
        if not isinstance(currency, str):
            return currency
        return read(self._actions(psp_reference), checkoutcom_objects.refund_among(refund_id, currency))

    def settlement_lines(self, *, since: datetime, cursor: str, limit: int) -> SettlementOutcome:
        """Read a payout's report, all its lines at once; where none is left to read, look whether there are new ones.

        What is not paid out yet is in no report of a payout.
        """
        walk = Walk.read(cursor) if cursor else Walk.begun(since)
        report = walk.next_report
        if report is None:
            return read(look(lambda: self._client.reports.get_all_reports(walk.asks_for())), walk.page)
        files = [self._client.report_file(report_id=report.report_id, file_id=each) for each in report.files]
        if failed := [each for each in files if not isinstance(each, bytes)]:
            return failed[0]
        told = [each for each in files if isinstance(each, bytes)]
        lines = understood(lambda: settlement_lines(told, made_at=report.made_at))
        if isinstance(lines, Unknown):
            return lines
        named = self._with_disputes(lines)
        return named if isinstance(named, NotSent | Unknown) else understood(lambda: walk.page_of(report, named))

    def verify_webhook(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        """Check Cko-Signature over the raw bytes, and the Authorization where we know one; return the event's id.

        The signature bears no time, and events are sent again for days: that an event counts once is the inbox's work.

        :raises BadSignature: ``signature_invalid``, or ``event_invalid``: signed, and yet no event.
        """
        return checkoutcom_events.verify(
            headers, body, secret=self._webhook_secret, authorization=self._webhook_authorization
        )

    def parse_webhook(self, *, body: bytes) -> tuple[WebhookEvent, ...]:
        """Return what a verified event says."""
        return checkoutcom_events.parse_event(body)

    def _where_and_how(self, attempt_id: UUID) -> dict[str, Any]:
        """Return what every payment is asked with: our channel, and 3-D Secure where the card and its bank do that."""
        channel = {"processing_channel_id": self._processing_channel} if self._processing_channel else {}
        back = f"{self._return_url}/{attempt_id}"
        pages = {"success_url": back, "failure_url": back} if self._return_url else {}
        return {**channel, **pages, "3ds": {"enabled": True, "attempt_n3d": True}}

    def _details(self, psp_reference: str) -> Found:
        return look(lambda: self._client.payments.get_payment_details(psp_reference))

    def _actions(self, psp_reference: str) -> Found:
        return look(lambda: self._client.payments.get_payment_actions(psp_reference))

    def _with_disputes(self, lines: Lines) -> Lines | NotSent | Unknown:
        """Return lines with the disputes that they are about."""
        found: dict[str, Object] = {}
        for payment in {line.payment_reference for line in lines if line.kind in OF_DISPUTES} - {""}:
            answer = self._disputes_of(payment)
            if isinstance(answer, NotSent | Unknown):
                return answer
            found[payment] = answer
        return understood(lambda: named_disputes(lines, found))

    def _disputes_of(self, psp_reference: str) -> Found:
        query = {"payment_id": psp_reference, "limit": MOST_LISTED}
        return look(lambda: self._client.disputes.query(query))

    def _with_reason(self, declined: Declined) -> Declined:
        """Return a decline with its reason, which a payment's details do not tell."""
        if declined.message or declined.psp_reference is None:
            return declined
        reader = checkoutcom_objects.last_decline(declined.psp_reference)
        found = read(self._actions(declined.psp_reference), reader)
        return found if isinstance(found, Declined) else declined
