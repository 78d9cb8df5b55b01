"""A buyer's steps, through the verbs, without HTTP."""

import uuid
from datetime import UTC, datetime
from typing import Any

from django_subatomic.db import transaction

from checkout.complete_session import Payment, complete_session
from checkout.create_session import NewSession, create_session
from checkout.models import Variant
from checkout.price_lines import LineItem
from exactly_once.errors import Refused
from exactly_once.keys import KeyedRequest, StoredResponse
from exactly_once.responses import problem_response
from ledger.accounts import open_book
from ledger.models import Entry, Transaction
from payments.create_intent import Method
from payments.routing import Token
from tests.factories import NOW, VariantFactory

CLIENT = "cli_test"


def open_shop(*, on_hand: int = 10) -> Variant:
    """Open the shop's book and put one product, at EUR 12.90, on the shelf."""
    with transaction():
        open_book(code="shop", name="Shop", now=NOW)
    return VariantFactory.create(on_hand=on_hand)


def open_session(variant: Variant, quantity: int = 1, *, email: str | None = None, **terms: Any) -> str:
    """Return the id of a session that can be paid, by a buyer of its own unless one is given."""
    buyer = email or f"ada-{uuid.uuid4()}@example.com"
    new = NewSession(currency="EUR", items=[LineItem(variant.sku, quantity)], buyer_email=buyer, **terms)
    with transaction():
        return str(create_session(client=CLIENT, new=new, now=NOW)["id"])


def pay(session_id: str, token: str = "pm_card_visa", *, key: str | None = None, now: datetime = NOW) -> StoredResponse:
    """Complete the session."""
    return complete_session(
        keyed=KeyedRequest(client=CLIENT, key=key or str(uuid.uuid4()), fingerprint=token.encode().ljust(32)[:32]),
        session_id=session_id,
        payment=Payment(Method((Token("stripe", token),))),
        now=now,
        refuse=refuse,
    )


def refuse(refusal: Refused) -> StoredResponse:
    return problem_response(409, refusal)


def postings() -> list[tuple[str, str, str, int]]:
    """Return (kind, account, direction, amount) of every entry in the books."""
    entries = Entry.objects.select_related("account").order_by("pk")
    kinds = dict(Transaction.objects.values_list("pk", "kind"))
    return [
        (kinds[row.transaction_id], row.account.code, row.get_direction_display(), row.amount_minor) for row in entries
    ]


def posted(kind: str, debit: str, credit: str, amount_minor: int = 1290) -> list[tuple[str, str, str, int]]:
    """Return what :func:`postings` says of one transaction."""
    return [(kind, debit, "debit", amount_minor), (kind, credit, "credit", amount_minor)]


def nothing_is_wrong() -> list[Any]:
    """Return every invariant of the whole system that is broken."""
    from config.verification import all_checks

    return [check for check in all_checks(now=datetime.now(UTC)) if not check.passed]
