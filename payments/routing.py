"""Which PSP account takes a payment, and which next. Pure: rules and circuits in, routes and reasons out.

Rules are tried in the order of their priority. Among rules of the same priority the weights decide, by a draw that
follows from the payment's own name, so that it can be repeated; rules without weight come last, the cheapest first.
A token belongs to the PSP that issued it: no rule sends a payment to a PSP for which the buyer has none. Where no rule
fits, the client's own order of tokens counts.
"""

import hashlib
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ledger.money import Money
from payments.models import RoutingRule

DEFAULT_ACCOUNT = "main"
# Each takes as long as a PSP may take to answer; the buyer waits for the last one.
MOST_ROUTES = 3


@dataclass(frozen=True, slots=True)
class Token:
    """A PSP's word for a card, never the card."""

    psp: str
    token: str


@dataclass(frozen=True, slots=True)
class Purchase:
    """What rules may ask about. ``name`` is what the draw among weights follows from."""

    name: str
    money: Money
    country: str = ""
    card_brand: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """A PSP account of the settings."""

    psp: str
    account: str


@dataclass(frozen=True, slots=True)
class Route:
    """Where a payment goes, with which token, and by which rule (none: the client's choice)."""

    psp: str
    account: str
    token: str
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Considered:
    """A rule, or the client's choice, and what became of it: ``why`` it does not take the payment, empty if it may."""

    rule: str
    psp: str
    account: str
    why: str
    cost: Money


@dataclass(frozen=True, slots=True)
class Plan:
    """Where a payment goes, the first choice first, and all that was considered, in its order."""

    routes: tuple[Route, ...]
    considered: tuple[Considered, ...]


def plan(
    *,
    rules: Sequence[RoutingRule],
    purchase: Purchase,
    tokens: Sequence[Token],
    accounts: Collection[Account],
    open_accounts: Collection[Account],
) -> Plan:
    """Say where a payment goes, and why.

    :param accounts: the accounts that there are.
    :param open_accounts: those of them whose circuit is open.
    """
    by_psp = {token.psp: token.token for token in reversed(tokens)}
    routes, considered = [], []
    for rule in sorted(rules, key=lambda rule: _place(rule, purchase)):
        account = Account(rule.psp, rule.psp_account)
        why = _unfit(rule, purchase) or _unusable(account, accounts, open_accounts, by_psp)
        considered.append(Considered(rule.name, rule.psp, rule.psp_account, why, _cost(rule, purchase.money)))
        if not why:
            routes.append(Route(rule.psp, rule.psp_account, by_psp[rule.psp], rule.name))
    if not any(_fits(rule, purchase, by_psp) for rule in rules):
        for token in tokens:
            account = Account(token.psp, DEFAULT_ACCOUNT)
            why = _unusable(account, accounts, open_accounts, by_psp)
            considered.append(Considered("", token.psp, DEFAULT_ACCOUNT, why, Money(0, purchase.money.currency)))
            if not why:
                routes.append(Route(token.psp, DEFAULT_ACCOUNT, token.token))
    return Plan(tuple(_each_account_once(routes)[:MOST_ROUTES]), tuple(considered))


def _fits(rule: RoutingRule, purchase: Purchase, by_psp: dict[str, str]) -> bool:
    return rule.psp in by_psp and not _unfit(rule, purchase)


def _unfit(rule: RoutingRule, purchase: Purchase) -> str:
    """Return which condition of the rule does not hold; empty where all do."""
    money = purchase.money
    conditions = (
        (rule.enabled, "it is switched off"),
        (not rule.currencies or money.currency in rule.currencies, f"not for {money.currency}"),
        (
            not rule.countries or purchase.country in rule.countries,
            f"not for buyers from {purchase.country}" if purchase.country else "the buyer's country is not known",
        ),
        (
            not rule.card_brands or purchase.card_brand in rule.card_brands,
            f"not for {purchase.card_brand} cards" if purchase.card_brand else "the card's brand is not known",
        ),
        (rule.least_minor is None or money.amount_minor >= rule.least_minor, "the amount is too small"),
        (rule.most_minor is None or money.amount_minor <= rule.most_minor, "the amount is too large"),
    )
    return next((why for holds, why in conditions if not holds), "")


def _unusable(
    account: Account, accounts: Collection[Account], open_accounts: Collection[Account], by_psp: dict[str, str]
) -> str:
    if account.psp not in by_psp:
        return f"no token of {account.psp}"
    if account not in accounts:
        return "the settings have no such account"
    return "its circuit is open" if account in open_accounts else ""


def _place(rule: RoutingRule, purchase: Purchase) -> tuple[int, float, int, str]:
    """Return the rule's place: priority, then a draw by weight, then cost.

    -ln(u)/weight is exponentially distributed with the weight as its rate: the least of several is each rule's with a
    probability of its weight's share (the "exponential race").
    """
    if not rule.weight:
        return rule.priority, math.inf, _cost(rule, purchase.money).amount_minor, rule.name
    digest = hashlib.sha256(f"{purchase.name}\0{rule.name}".encode()).digest()
    draw = (int.from_bytes(digest[:6]) + 1) / 2**48
    return rule.priority, -math.log(draw) / rule.weight, 0, rule.name


def _cost(rule: RoutingRule, money: Money) -> Money:
    """Return what a payment of this sum costs by the rule, rounded up."""
    share = Fraction(money.amount_minor * rule.cost_basis_points, 10_000)
    return Money(rule.cost_fixed_minor + math.ceil(share), money.currency)


def _each_account_once(routes: list[Route]) -> list[Route]:
    first: dict[tuple[str, str], Route] = {}
    for route in routes:
        first.setdefault((route.psp, route.account), route)
    return list(first.values())
