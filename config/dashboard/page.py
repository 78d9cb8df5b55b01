"""Which cards somebody sees: those whose lists they may see, and no others are counted."""

from collections.abc import Callable, Mapping
from datetime import datetime

from django.http import HttpRequest

from config.dashboard.card import Card
from config.dashboard.money_cards import flow_of_the_day, psps, trial_balance
from config.dashboard.open_cards import open_breaks, stock_at_risk, unknown_attempts, webhooks

CARDS: Mapping[Callable[[datetime], Card], str] = {
    flow_of_the_day: "ledger.view_transaction",
    psps: "payments.view_pspcircuit",
    unknown_attempts: "payments.view_attempt",
    open_breaks: "payments.view_break",
    webhooks: "exactly_once.view_inboxevent",
    trial_balance: "ledger.view_book",
    stock_at_risk: "checkout.view_stockitem",
}


def cards(request: HttpRequest, *, now: datetime) -> list[Card]:
    """Return the cards."""
    return [card(now) for card, permission in CARDS.items() if request.user.has_perm(permission)]
