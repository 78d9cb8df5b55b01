"""A payment that says what it is for: two mugs and a shirt, shipped, with taxes."""

from collections.abc import Sequence
from uuid import UUID

from django_subatomic.db import transaction

from ledger import journal
from ledger import queries as ledger
from ledger.accounts import AccountSpec, ensure_accounts, open_book
from ledger.money import Money
from payments.begin_attempt import Charge, begin_attempt
from payments.models import IntentPart, Refund
from payments.parts import Part, PartKind, Wanted
from payments.posting_rules import Sale, shipped
from payments.psp.outcomes import Approved, RefundOutcome
from payments.refund import request_refund
from payments.routing import Token
from payments.settle_attempt import settle_attempt
from payments.settle_refund import settle_refund
from tests.factories import NOW

ORDER = "chk_1"


def eur(minor: int) -> Money:
    """Return so many cents."""
    return Money(minor, "EUR")


MUG = Part(PartKind.LINE, "MUG", eur(2000), quantity=2)
MUG_TAX = Part(PartKind.TAX, "MUG", eur(380), jurisdiction="de")
TEE = Part(PartKind.LINE, "TEE", eur(1500), quantity=1)
PARCEL = Part(PartKind.SHIPPING, "parcel", eur(490))
PARCEL_TAX = Part(PartKind.TAX, "parcel", eur(93), jurisdiction="de")
PARTS = (MUG, MUG_TAX, TEE, PARCEL, PARCEL_TAX)
TOTAL = eur(4463)
# What refunds have of each part at first.
NOTHING = {"line MUG": 0, "tax MUG de": 0, "line TEE": 0, "shipping parcel": 0, "tax parcel de": 0}


def charge_of(parts: Sequence[Part] = PARTS, money: Money = TOTAL, *, order: str = ORDER) -> Charge:
    """Return what checkout would ask for."""
    return Charge("shop", "cli_test", order, money, "", [Token("stripe", "pm_card_visa")], parts=parts)


def begin(charge: Charge) -> UUID:
    """Open the book and record an attempt."""
    with transaction():
        open_book(code="shop", name="Shop", now=NOW)
        return begin_attempt(charge=charge, now=NOW)


def sell(charge: Charge | None = None) -> None:
    """Have it paid."""
    charge = charge or charge_of()
    attempt = begin(charge)
    approved = Approved(f"pi_{charge.order_reference}", captured=True, money=charge.money)
    with transaction():
        settle_attempt(attempt_uuid=attempt, outcome=approved, now=NOW)


def ship(*parts: Part, order: str = ORDER) -> None:
    """Earn what these parts are, as a shipment does."""
    sums = {kind: sum((part.money for part in parts if part.kind is kind), start=eur(0)) for kind in PartKind}
    taxes = [(part.jurisdiction, part.money) for part in parts if part.kind is PartKind.TAX]
    accounts = [
        AccountSpec("revenue:sales", "EUR", "revenue", "credit"),
        AccountSpec("revenue:shipping", "EUR", "revenue", "credit"),
        AccountSpec("liabilities:tax:de", "EUR", "liability", "credit"),
    ]
    sale = Sale(sums[PartKind.LINE], sums[PartKind.SHIPPING], taxes)
    with transaction():
        ensure_accounts(book="shop", accounts=accounts)
        draft = shipped(shipment_id=f"shp_{order}", sale=sale, order_reference=order, now=NOW)
        journal.post(book="shop", drafts=draft)


def refund(money: Money | None = None, *parts: Wanted, earned: Sequence[Part] = (), order: str = ORDER) -> Refund:
    """Promise some of it back."""
    with transaction():
        public_id = request_refund(
            order_reference=order, money=money, parts=parts, earned=earned, reason="asked", now=NOW
        )
    return Refund.objects.get(public_id=public_id)


def settle(refund: Refund, outcome: RefundOutcome) -> None:
    """Have the PSP say how a refund stands."""
    with transaction():
        settle_refund(refund_uuid=refund.uuid, outcome=outcome, now=NOW)


def shares(refund: Refund) -> dict[str, int]:
    """Return what the refund pays back of each part."""
    return {str(share.part): share.amount_minor for share in refund.shares.select_related("part").order_by("pk")}


def refunded(*, order: str = ORDER) -> dict[str, int]:
    """Return what refunds have of each part of the payment."""
    rows = IntentPart.objects.filter(intent__order_reference=order).order_by("pk")
    return {str(part): part.refunded_minor for part in rows}


def balances() -> dict[str, int]:
    """Return what is on each account, in minor units, as its normal side has it; empty ones left out."""
    found = [ledger.balance_of(account) for account in ledger.accounts(book="shop")]
    return {each.code: each.balance.amount_minor for each in found if each.balance.amount_minor}
