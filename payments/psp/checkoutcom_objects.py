"""What Checkout.com's JSON objects mean in our words. Pure: dicts in, outcomes out.

A reader raises ``KeyError``, ``TypeError``, ``AttributeError``, ``ValueError`` or ``InvalidMoney`` on an object that it
cannot make sense of, and on one that speaks of something else than what was asked about.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from ledger.money import Money
from payments.psp import checkoutcom_declines
from payments.psp.outcomes import (
    Approved,
    CaptureFailed,
    CapturePending,
    CaptureSucceeded,
    Card,
    Declined,
    DeclineReason,
    Expired,
    NotFoundAtPsp,
    Pending,
    RefundFailed,
    RefundPending,
    RefundStanding,
    RefundSucceeded,
    RequiresAction,
    Unknown,
    Voided,
)

type Object = Mapping[str, Any]
type Reader[T] = Callable[[Object], T]
type Standing = Approved | RequiresAction | Declined | Voided | Expired | Pending
type CaptureStanding = CaptureSucceeded | CapturePending | CaptureFailed

# "Not allowed" as the payment stands, "not found", and "invalid data" (API reference, at each of the actions).
REFUSALS = {403: DeclineReason.WRONG_STATE, 404: DeclineReason.INVALID_REQUEST, 422: DeclineReason.INVALID_REQUEST}
CAPTURED = frozenset({"Captured", "Partially Captured", "Refunded", "Partially Refunded"})
MAX_MESSAGE = 200


@dataclass(frozen=True, slots=True)
class Refusal:
    """Checkout.com's own no to a request: nothing was executed for this one."""

    status: int
    codes: tuple[str, ...]

    @classmethod
    def read(cls, *, status: int, request_id: str | None, codes: Any) -> Self | None:
        """Return the refusal that an error answer speaks, unless another server or a proxy speaks it.

        ``request_id`` is what Checkout.com calls the request in each of its answers, also in those without a body.
        """
        if status not in REFUSALS or not request_id:
            return None
        return cls(status, tuple(str(code) for code in codes) if isinstance(codes, list) else ())

    @property
    def reason(self) -> DeclineReason:
        """The first of its codes that we know, or else what its status says."""
        otherwise = REFUSALS[self.status]
        reasons = (checkoutcom_declines.reason_of(code=code, otherwise=otherwise) for code in self.codes)
        return next((reason for reason in reasons if reason is not otherwise), otherwise)

    def as_decline(self) -> Declined:
        """Return it as a decline of the request, whatever the card."""
        return Declined(None, reason=self.reason, soft=False, message=str(self))

    def __str__(self) -> str:
        return f"{self.status}: {', '.join(self.codes)}"[:MAX_MESSAGE]


def source_of(token: str) -> dict[str, str] | None:
    """Return what pays: only what stands for a card. A card's own number never goes out, whoever sent it as a token."""
    if token.startswith("src_"):
        return {"type": "id", "id": token}
    return {"type": "token", "token": token} if token.startswith("tok_") else None


def decline(told: Object, *, psp_reference: str) -> Declined:
    """Return a decline, its reason after the ``response_code`` of a payment, an action or an event."""
    code = str(told.get("response_code") or "")
    return Declined(
        psp_reference,
        reason=checkoutcom_declines.reason_of(code=code),
        soft=checkoutcom_declines.is_soft(code=code),
        message=message_of(told),
        card=card_of(told),
    )


def card_of(told: Object) -> Card | None:
    """Return what a payment, or an event about one, tells of its card."""
    source = told.get("source")
    return Card.told(brand=source.get("scheme"), last4=source.get("last4")) if isinstance(source, dict) else None


def message_of(told: Object) -> str:
    """Return what a response code says as a line for people; empty where there is none."""
    code = told.get("response_code")
    return f"{code}: {told.get('response_summary') or ''}"[:MAX_MESSAGE] if code else ""


def standing(payment: Object) -> Standing:
    """Return how a payment stands; *pending* while Checkout.com has not decided, and offers the buyer no page.

    What has been taken has been taken, whatever the status is called: of a payment that was captured in part and then
    let go of, it is ``Voided``.
    """
    reference = text(payment["id"])
    status = payment["status"]
    balances = balances_of(payment)
    if balances.get("total_captured") or status in CAPTURED:
        taken = balances.get("total_captured", payment["amount"])
        return Approved(reference, captured=True, money=Money(taken, payment["currency"]), card=card_of(payment))
    match status:
        case "Authorized":
            held = balances.get("total_authorized", payment["amount"])
            return Approved(reference, captured=False, money=Money(held, payment["currency"]), card=card_of(payment))
        case "Declined":
            return decline(payment, psp_reference=reference)
        case "Voided" | "Canceled":
            return Voided(reference)
        case "Expired":
            return Expired(reference)
        case "Pending":
            url = ((payment.get("_links") or {}).get("redirect") or {}).get("href")
            return RequiresAction(reference, redirect_url=text(url)) if url else Pending(reference)
    raise ValueError(f"a payment's status is not {status!r}")


def of_payment(psp_reference: str) -> Reader[Standing]:
    """Return a reader that takes this payment and no other."""

    def read(payment: Object) -> Standing:
        _require(payment["id"], psp_reference)
        return standing(payment)

    return read


def of_attempt(attempt_id: UUID) -> Reader[Standing]:
    """Return a reader that takes the payment of our attempt and no other."""

    def read(payment: Object) -> Standing:
        _require(payment["reference"], str(attempt_id))
        return standing(payment)

    return read


def found_for(attempt_id: UUID) -> Reader[Standing | NotFoundAtPsp | Unknown]:
    """Return a reader of the list of payments under our attempt's reference.

    More than one is for people to look at: whichever we took would hide the other.
    """

    def read(found: Object) -> Standing | NotFoundAtPsp | Unknown:
        payments = found["data"]
        if found["total_count"] == 0 and payments == []:
            return NotFoundAtPsp()
        outcomes = [of_attempt(attempt_id)(payment) for payment in payments]
        if len(outcomes) == 1 == found["total_count"]:
            return outcomes[0]
        return Unknown(detail=f"{found['total_count']} payments for one attempt")

    return read


def is_let_go_of(psp_reference: str) -> Reader[bool]:
    """Return a reader that tells whether nothing of this payment is held any more that was not captured."""

    def read(payment: Object) -> bool:
        _require(payment["id"], psp_reference)
        held = balances_of(payment)
        rest = held.get("total_voided", 0) > 0 and held.get("available_to_void") == 0
        return rest or isinstance(standing(payment), Voided)

    return read


def currency_of(psp_reference: str) -> Reader[str]:
    """Return a reader of this payment's currency: its actions do not name theirs."""

    def read(payment: Object) -> str:
        _require(payment["id"], psp_reference)
        return Money(0, payment["currency"]).currency

    return read


def accepted[T](reference: str, outcome: Callable[[str], T]) -> Reader[T]:
    """Return a reader of a request that was accepted under our reference: it makes an outcome of the action's id."""

    def read(answer: Object) -> T:
        _require(answer["reference"], reference)
        return outcome(text(answer["action_id"]))

    return read


def last_decline(psp_reference: str) -> Reader[Declined]:
    """Return a reader of a declined payment's actions, latest first: the reason stands there only."""

    def read(actions: Object) -> Declined:
        last = next(each for each in actions["items"] if each["type"] == "Authorization")
        return decline(last, psp_reference=psp_reference)

    return read


def capture_among(capture_id: UUID, currency: str) -> Reader[CaptureStanding | NotFoundAtPsp | Unknown]:
    """Return a reader of a payment's actions that finds our capture."""

    def read(actions: Object) -> CaptureStanding | NotFoundAtPsp | Unknown:
        ours = _ours(actions, "Capture", capture_id)
        if len(ours) != 1:
            return _not_one(ours)
        action, reference = ours[0], text(ours[0]["id"])
        if action.get("approved") is True:
            return CaptureSucceeded(reference, Money(action["amount"], currency))
        if not action.get("response_code"):
            return CapturePending(reference)
        no = decline(action, psp_reference=reference)
        return CaptureFailed(reference, reason=no.reason, message=no.message)

    return read


def refund_among(refund_id: UUID, currency: str) -> Reader[RefundStanding | NotFoundAtPsp | Unknown]:
    """Return a reader of a payment's actions that finds our refund."""

    def read(actions: Object) -> RefundStanding | NotFoundAtPsp | Unknown:
        ours = _ours(actions, "Refund", refund_id)
        if len(ours) != 1:
            return _not_one(ours)
        action, reference = ours[0], text(ours[0]["id"])
        if action.get("approved") is True:
            return RefundSucceeded(reference, Money(action["amount"], currency))
        return RefundFailed(reference, message_of(action)) if action.get("response_code") else RefundPending(reference)

    return read


def balances_of(payment: Object) -> Object:
    """Return what was authorised, captured, voided and refunded of a payment; empty where that is not told."""
    return payment.get("balances") or {}


def text(found: Any) -> str:
    """Return an id or an address.

    :raises ValueError: it is none.
    """
    if not isinstance(found, str) or not found:
        raise ValueError("an id is some text")
    return found


def _ours(actions: Object, kind: str, our_id: UUID) -> list[Object]:
    items = actions["items"]
    if not isinstance(items, list):
        raise TypeError("a payment's actions are a list")
    return [each for each in items if each["type"] == kind and str(our_id) in _names(each)]


def _names(action: Object) -> set[Any]:
    """Return what we called an action, in its reference and in its metadata."""
    return {action.get("reference"), *(action.get("metadata") or {}).values()}


def _not_one(ours: list[Object]) -> NotFoundAtPsp | Unknown:
    """More than one under our id is for people to look at."""
    return Unknown(detail=f"{len(ours)} found for one") if ours else NotFoundAtPsp()


def _require(found: Any, expected: str) -> None:
    if found != expected:
        raise ValueError(f"it speaks of {found!r}, not of {expected!r}")
