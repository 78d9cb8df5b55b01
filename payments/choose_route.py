"""Choose the PSP account that a payment goes to now, and those that it may go to next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django_subatomic.db import transaction_required

from payments.circuit import claim_probe, probes_due
from payments.errors import PaymentRefused, PspUnavailable
from payments.models import RoutingRule
from payments.routing import Account, Plan, Purchase, Route, Token, plan


@dataclass(frozen=True, slots=True)
class Choice:
    """Where a payment goes; ``is_probe``: it shows whether an open circuit may close."""

    route: Route
    next_routes: tuple[Route, ...]
    is_probe: bool


def dry_run(*, purchase: Purchase, tokens: Sequence[Token], now: datetime) -> Plan:
    """Say where a payment would go, and why. Changes nothing."""
    blocked = [account for account, until in probes_due(now=now).items() if until is not None]
    return _plan(purchase, tokens, blocked)


@transaction_required
def choose_route(*, purchase: Purchase, tokens: Sequence[Token], now: datetime) -> Choice:
    """Return where a payment goes.

    :raises PspUnavailable: ``psp_unavailable``: every account that could take it has an open circuit.
    :raises PaymentRefused: ``no_route``: no account could take it at all.
    """
    probes = probes_due(now=now)
    planned = _plan(purchase, tokens, [account for account, until in probes.items() if until is not None])
    choice = take_first(routes=planned.routes, probes=probes, now=now)
    if choice is not None:
        return choice
    wait = timedelta(seconds=settings.PSP_CIRCUIT_OPEN_SECONDS)
    accounts = {Account(each.psp, each.account) for each in planned.considered}
    if waits := [until or now + wait for account, until in probes.items() if account in accounts]:
        raise PspUnavailable(
            code="psp_unavailable",
            detail="No PSP that could take this payment answers at the moment. Nothing was asked of any.",
            retry_after_seconds=max(1, int((min(waits) - now).total_seconds())),
        )
    why = "; ".join(f"{each.rule or each.psp}: {each.why}" for each in planned.considered)
    raise PaymentRefused(code="no_route", detail=f"No PSP account takes this payment. {why}.")


@transaction_required
def take_first(*, routes: Sequence[Route], probes: Mapping[Account, datetime | None], now: datetime) -> Choice | None:
    """Return the first of these routes that may be taken: an account with an open circuit takes one probe, when due."""
    for place, route in enumerate(routes):
        account = Account(route.psp, route.account)
        if account not in probes or claim_probe(account=account, now=now):
            return Choice(route, tuple(routes[place + 1 :]), is_probe=account in probes)
    return None


def _plan(purchase: Purchase, tokens: Sequence[Token], blocked: list[Account]) -> Plan:
    return plan(
        rules=list(RoutingRule.objects.all()),
        purchase=purchase,
        tokens=tokens,
        accounts={Account(psp, name) for psp, accounts in settings.PSP_ACCOUNTS.items() for name in accounts},
        open_accounts=blocked,
    )
