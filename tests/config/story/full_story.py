"""An order with everything that can befall one, told by clients, PSP, bank and people."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django_subatomic.db import transaction

from checkout.models import Order, Variant
from exactly_once import inbox, relay
from exactly_once.handlers import due_runs, run_handler
from ledger.money import Money
from payments.match_bank_lines import match_bank_lines
from payments.models import Attempt, CsvMapping, Refund
from payments.payout import settle_payout
from payments.psp.news import PayoutEvent
from payments.states import FileKind, LineKind, PayoutState
from tests.checkout.orders import open_taxed_shop, pay_back, sell, ship, take_back
from tests.factories import NOW
from tests.payments.settling import settled, told
from tests.payments.statements.uploads import bank_csv, imported, mapping

LATER = NOW + timedelta(days=1)
PAYOUT = "po_00000042"


def whole(mugs: int = 2) -> Order:
    """Sell, ship, take one back, settle it all, pay it out, and have the bank book that; return the order."""
    mug, _ = open_taxed_shop()
    order = sold(mug, mugs)
    attempt = Attempt.objects.get(intent__order_reference=order.session.public_id)
    webhook("evt_paid", "payment_intent.succeeded", intent_object(attempt), times=3)
    webhook("evt_new", "payment_intent.created", intent_object(attempt))
    ship(order)
    take_back(order, (mug, 1))
    pay_back()
    mails()
    refund = Refund.objects.get()
    reference, total = str(attempt.psp_reference), attempt.amount_minor
    of_it: dict[str, Any] = {"payment_reference": reference, "payout_reference": PAYOUT}
    lines = [
        told(LineKind.CHARGE, total, fee=55, psp_reference=reference, **of_it),
        told(LineKind.REFUND, -refund.amount_minor, psp_reference=str(refund.psp_reference), **of_it),
    ]
    assert settled(*lines) == ["matched", "matched"]
    paid_out(total - 55 - refund.amount_minor)
    return order


def sold(variant: Variant, quantity: int) -> Order:
    """Sell so many."""
    return sell((variant, quantity))


def paid_out(minor: int, name: str = PAYOUT) -> None:
    """Have the PSP pay this out, and the bank book it."""
    with transaction():
        event = PayoutEvent(name, PayoutState.IN_TRANSIT, Money(minor, "EUR"), arrives_on=LATER.date())
        settle_payout(psp="stripe", account="main", event=event, now=LATER)
    line = told(LineKind.PAYOUT, -minor, psp_reference=name, payout_reference=name, line_id=f"txn_{name}")
    assert settled(replace(line, occurred_at=LATER)) == ["matched"]
    if not CsvMapping.objects.exists():
        mapping()
    sum_ = f"{minor // 100}.{minor % 100:02d}"
    imported(bank_csv(f"{uuid4().hex[:12]},{LATER.date()},{sum_},STRIPE {name}"), FileKind.BANK_CSV)
    match_bank_lines(limit=9, now=LATER)


def webhook(event_id: str, kind: str, thing: dict[str, Any], *, times: int = 1, now: datetime = NOW) -> None:
    """Have Stripe tell something, so many times."""
    body = json.dumps({"id": event_id, "type": kind, "data": {"object": thing}}).encode()
    kept = [
        inbox.receive(source="stripe", account="main", event_id=event_id, headers={}, body=body, now=now)
        for _ in range(times)
    ]
    inbox.process(event_id=kept[0].id, now=now)


def intent_object(attempt: Attempt) -> dict[str, Any]:
    """Return the payment as Stripe tells it."""
    return {
        "id": attempt.psp_reference,
        "status": "succeeded",
        "amount": attempt.amount_minor,
        "amount_received": attempt.amount_minor,
        "currency": "eur",
        "metadata": {"tally_attempt": str(attempt.uuid)},
    }


def mails() -> None:
    """Have the relay hand every event on, and the handlers do their work."""
    while relay.feed_all(now=NOW):
        pass
    for run in due_runs(now=NOW, limit=99):
        run_handler(run_id=run, now=NOW)
