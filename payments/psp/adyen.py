"""Adyen, through its official SDK: payments by stored tokens, captures in parts, cancels, refunds, signed webhooks.

The only module that speaks to the SDK. What it does otherwise than Stripe (Adyen's docs and API reference):

- A payment's answer is final, or sends the buyer to the bank. There Adyen has begun nothing and names no payment: it
  authorises when we hand in what the buyer's browser brought back (``finish``, /payments/details).
- Captures, cancels and refunds are only taken in; webhooks tell how they ended.
- There is no look-up of a payment by anything. What became of a request that got no answer is told by the same request
  under the same key, which Adyen keeps for seven days at least, or by the webhook.
- With ``capture`` Adyen is asked to capture without delay, and does so by itself right after the authorisation, without
  a word: "Authorised" is then the news that the money is being taken. That it failed comes as CAPTURE_FAILED, which
  contradicts what is booked, and so waits in the inbox for people.
- A capture of a part lets go of the rest, unless the account is set up for several (``several_captures``). Then the
  rest of a final capture stays on hold at the bank until the authorisation runs out: Adyen is not asked twice.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import Adyen
import requests
from Adyen.util import generate_notification_sig

from ledger.errors import InvalidMoney
from ledger.money import Money
from payments.psp import adyen_objects, adyen_webhooks
from payments.psp.adyen_currencies import is_counted_alike
from payments.psp.adyen_objects import Object, Reader, Refusal, Standing
from payments.psp.news import WebhookEvent
from payments.psp.outcomes import (
    AuthorizeOutcome,
    CaptureFailed,
    CaptureOutcome,
    Declined,
    DeclineReason,
    NoLookUp,
    NotFoundAtPsp,
    NotSent,
    Pending,
    RefundFailed,
    RefundOutcome,
    RetrieveOutcome,
    RetrieveRefundOutcome,
    Unknown,
    VoidOutcome,
)
from payments.psp.settlement import NoSettlementLines, SettlementOutcome
from payments.psp.transport import never_connected, new_session

# Adyen refuses a longer one (API reference, "metadata").
MAX_METADATA_VALUE = 80

# The SDK and our readers trust a reply's shape; these come out of one that is not what it should be.
UNREADABLE = (AttributeError, KeyError, TypeError, ValueError, RecursionError, InvalidMoney)


class AdyenAdapter:
    """One merchant account. ``return_url`` is where buyers come back to from 3-D Secure: ours, to hand in the result.

    A token is ``{shopperReference}.{storedPaymentMethodId}``: Adyen stores cards per shopper, and asks for both.
    """

    # Adyen forgets a key after 7 days at the earliest (its docs, "API idempotency").
    key_retention = timedelta(days=6, hours=23)
    # Signatures stand in the body.
    signature_headers: tuple[str, ...] = ()

    def __init__(
        self,
        *,
        api_key: str,
        merchant_account: str,
        hmac_key: str,
        api_base: str,
        return_url: str,
        several_captures: bool,
        connect_timeout_seconds: float,
        read_timeout_seconds: float,
    ) -> None:
        bytes.fromhex(hmac_key)  # a key that is none is to be seen at the start, not as webhooks of strangers
        self._merchant_account = merchant_account
        self._return_url = return_url
        self.several_captures = several_captures
        self._sign: Callable[[dict[str, Any]], bytes] = partial(generate_notification_sig, hmac_key=hmac_key)
        client = _Client(api_key, api_base, timeout=(connect_timeout_seconds, read_timeout_seconds))
        checkout = Adyen.services.AdyenCheckoutApi(client=client)
        self._payments, self._modifications = checkout.payments_api, checkout.modifications_api

    def authorize(
        self, *, key: str, attempt_id: UUID, money: Money, token: str, capture: bool, description: str
    ) -> AuthorizeOutcome:
        """Ask for a payment; declined here where Adyen would take the amount for another sum."""
        shopper, _, stored = token.rpartition(".")
        if not shopper or not stored:
            why = "a token for Adyen is {shopperReference}.{storedPaymentMethodId}"
            return Declined(None, reason=DeclineReason.INVALID_PAYMENT_METHOD, soft=False, message=why)
        if not is_counted_alike(money.currency):
            why = f"Adyen's minor unit of {money.currency} is not ISO 4217's"
            return Declined(None, reason=DeclineReason.NOT_SUPPORTED, soft=True, message=why)
        asked = {
            "merchantAccount": self._merchant_account,
            "reference": adyen_objects.reference_of(attempt_id, captures=capture),
            "amount": _amount(money),
            "paymentMethod": {"type": "scheme", "storedPaymentMethodId": stored},
            "shopperReference": shopper,
            # A card on file that its holder pays with now (docs, "Pay with a token", one-off payments).
            "shopperInteraction": "ContAuth",
            "recurringProcessingModel": "CardOnFile",
            "channel": "Web",
            "returnUrl": f"{self._return_url}/{attempt_id}",
            # 3-D Secure on the bank's own page (docs, "Redirect authentication").
            "authenticationData": {"threeDSRequestData": {"nativeThreeDS": "disabled"}},
            "metadata": {"tally_description": description[:MAX_METADATA_VALUE]},
            **({"captureDelayHours": 0} if capture else {"additionalData": {"manualCapture": "true"}}),
        }
        answer = _call(lambda: self._payments.payments(asked, key))
        if isinstance(answer, Refusal):
            return answer.as_decline()
        return _decided(_read(answer, adyen_objects.of_attempt(attempt_id)))

    def finish(
        self, *, key: str, attempt_id: UUID, psp_reference: str | None, returned: Mapping[str, str]
    ) -> RetrieveOutcome:
        """Hand in what the buyer's browser brought back, with which Adyen goes on to authorise."""
        answer = _call(
            lambda: self._payments.payments_details(
                {"details": {"redirectResult": returned.get("redirectResult", "")}}, key
            )
        )
        if isinstance(answer, Refusal):
            # Whatever was brought back: it is none of Adyen's, and says nothing of the payment.
            return NotFoundAtPsp()
        return _read(answer, adyen_objects.of_attempt(attempt_id))

    def capture(self, *, key: str, capture_id: UUID, psp_reference: str, money: Money, final: bool) -> CaptureOutcome:
        """Have an authorised payment captured, or part of it; a webhook tells how that ended."""
        if not final and not self.several_captures:
            why = "this account captures a payment once"
            return CaptureFailed(None, reason=DeclineReason.NOT_SUPPORTED, message=why)
        asked = self._about(money, reference=str(capture_id))
        answer = _call(lambda: self._modifications.capture_authorised_payment(asked, psp_reference, key))
        if isinstance(answer, Refusal):
            return CaptureFailed(None, reason=answer.reason, message=answer.message)
        return _read(answer, adyen_objects.capture_taken_in(psp_reference, capture_id))

    def void(self, *, key: str, psp_reference: str) -> VoidOutcome:
        """Have a payment canceled that was not captured; a webhook tells how that ended."""
        asked = {"merchantAccount": self._merchant_account}
        answer = _call(
            lambda: self._modifications.cancel_authorised_payment_by_psp_reference(asked, psp_reference, key)
        )
        if isinstance(answer, Refusal):
            return answer.as_decline()
        return _read(answer, adyen_objects.cancel_taken_in(psp_reference))

    def refund(self, *, key: str, psp_reference: str, refund_id: UUID, money: Money) -> RefundOutcome:
        """Have a captured payment paid back, or part of it; a webhook tells how that ended."""
        asked = self._about(money, reference=str(refund_id))
        answer = _call(lambda: self._modifications.refund_captured_payment(asked, psp_reference, key))
        if isinstance(answer, Refusal):
            return RefundFailed(None, reason=answer.reason)
        return _read(answer, adyen_objects.refund_taken_in(psp_reference, refund_id))

    def retrieve(self, *, attempt_id: UUID, psp_reference: str | None) -> RetrieveOutcome:
        """Adyen has no such look-up."""
        return NoLookUp()

    def retrieve_refund(self, *, refund_id: UUID, psp_reference: str) -> RetrieveRefundOutcome:
        """Adyen has no such look-up."""
        return NoLookUp()

    def settlement_lines(self, *, since: datetime, cursor: str, limit: int) -> SettlementOutcome:
        """Adyen writes reports, which are uploaded."""
        return NoSettlementLines()

    def verify_webhook(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
        """Check the HMAC of every item, and return the event's id. Adyen signs no time: the inbox knows what has come.

        :raises BadSignature: ``signature_invalid``, or ``event_invalid``: not a list of signed items.
        """
        return adyen_webhooks.verify(body, self._sign)

    def parse_webhook(self, *, body: bytes) -> tuple[WebhookEvent, ...]:
        """Return what a verified event says, item by item."""
        return adyen_webhooks.parse(body, merchant_account=self._merchant_account)

    def _about(self, money: Money, *, reference: str) -> dict[str, Any]:
        return {"merchantAccount": self._merchant_account, "amount": _amount(money), "reference": reference}


def _amount(money: Money) -> dict[str, Any]:
    return {"value": money.amount_minor, "currency": money.currency}


class _Client(Adyen.AdyenClient):  # type: ignore[misc]  # the SDK carries no types
    """The SDK's client, on our transport and at the host that settings name."""

    def __init__(self, api_key: str, api_base: str, timeout: tuple[float, float]) -> None:
        super().__init__(xapikey=api_key)
        self._api_base = api_base
        self.http_client = _Http(timeout, user_agent=self.USER_AGENT_SUFFIX + self.LIB_VERSION)
        self.http_init = True

    def _determine_api_url(self, _platform: str, endpoint: str) -> str:
        """Replace the host of an endpoint; the path has the API's version, which is the SDK's."""
        return self._api_base + urlsplit(endpoint).path


class _Http:
    """What the SDK sends by: our session, in place of a new one for each request that follows redirects."""

    def __init__(self, timeout: tuple[float, float], *, user_agent: str) -> None:
        self.user_agent = user_agent
        self._timeout = timeout
        self._session = new_session()

    def request(
        self, method: str, url: str, *, json: Object, xapikey: str, headers: Mapping[str, str]
    ) -> tuple[str, Object, int, Mapping[str, str]]:
        """Send once; return (text, what was asked, status, headers)."""
        told = {**headers, "x-api-key": xapikey}
        answer = self._session.request(method, url, json=json, headers=told, timeout=self._timeout)
        return answer.content.decode(), json, answer.status_code, answer.headers


type Answer = Object | Refusal | NotSent | Unknown


def _decided(outcome: Standing | NotSent | Unknown) -> AuthorizeOutcome:
    return Unknown(detail="not decided yet") if isinstance(outcome, Pending) else outcome


def _read[T](answer: Object | NotSent | Unknown, read: Reader[T]) -> T | NotSent | Unknown:
    if isinstance(answer, NotSent | Unknown):
        return answer
    try:
        return read(answer)
    except UNREADABLE as error:
        return Unknown(detail=f"unreadable reply: {error!r}")


def _call(call: Callable[[], Any]) -> Answer:
    """Sort what can go wrong with a call by what it proves.

    Only a refusal that Adyen spoke about this very request counts as one; a connection that was never made is *not
    sent*; everything else is unknown: 5xx, a rate limit, a key in use (704), what Adyen calls a transient error, and a
    refused API key (401, 403), which says nothing of an earlier request.
    """
    try:
        answer: Object = call().message
    except requests.RequestException as error:
        return NotSent(detail=repr(error)) if never_connected(error) else Unknown(detail=f"no reply: {error!r}")
    except Adyen.AdyenError as error:
        said = Refusal.read(status=error.status_code, body=error.message, headers=error.headers)
        return said or Unknown(detail=f"HTTP {error.status_code}, {adyen_objects.message_of(error.message)}")
    except UNREADABLE as error:
        return Unknown(detail=f"unreadable reply: {error!r}")
    return answer
