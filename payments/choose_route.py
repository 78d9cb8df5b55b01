"""Choose the PSP account that a payment goes to now, and those that it may go to next."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django_subatomic.db import transaction_required

from exactly_once.prepared import fetch_all_prepared
from exactly_once.together import Write
from payments.circuit import claim_probe, probe_at
from payments.errors import PaymentRefused, PspUnavailable
from payments.models import RoutingRule
from payments.routing import Account, Plan, Purchase, Route, Token, plan

# By name: a newer release may have added columns that this one does not know (CONTRIBUTING.md, Migrations).
_RULE = ", ".join(f"'{field.attname}', r.{field.column}" for field in RoutingRule._meta.concrete_fields)  # noqa: SLF001 - Django's documented name
_STANDING = f"""
SELECT
    jsonb_build_array(
        (
            SELECT jsonb_agg(jsonb_build_array(c.psp, c.psp_account, c.probe_at))
            FROM payments_pspcircuit AS c WHERE c.state <> 'closed'
        ),
        (SELECT jsonb_agg(jsonb_build_object({_RULE}) ORDER BY r.priority, r.name) FROM payments_routingrule AS r)
    )::text
"""  # noqa: S608 - names of our own columns
# Reads what a choice follows from, alone or in a statement that does more; choose_route takes what it returns.
STANDING = Write(_STANDING, ())


@dataclass(frozen=True, slots=True)
class Choice:
    """Where a payment goes; ``is_probe``: it shows whether an open circuit may close."""

    route: Route
    next_routes: tuple[Route, ...]
    is_probe: bool


def dry_run(*, purchase: Purchase, tokens: Sequence[Token], now: datetime) -> Plan:
    """Say where a payment would go, and why. Changes nothing."""
    ((standing,),) = fetch_all_prepared(_STANDING, {})
    probes, rules = _read(standing, now)
    return _plan(purchase, tokens, rules, probes)


@transaction_required
def choose_route(*, purchase: Purchase, tokens: Sequence[Token], standing: Sequence[str], now: datetime) -> Choice:
    """Return where a payment goes.

    :param standing: what ``STANDING`` has returned in this transaction.
    :raises PspUnavailable: ``psp_unavailable``: every account that could take it has an open circuit.
    :raises PaymentRefused: ``no_route``: no account could take it at all.
    """
    (read,) = standing
    probes, rules = _read(read, now)
    planned = _plan(purchase, tokens, rules, probes)
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


def _read(standing: str, now: datetime) -> tuple[dict[Account, datetime | None], list[RoutingRule]]:
    """Return the circuits that are not closed, as ``probes_due`` does, and all rules."""
    circuits, rules = json.loads(standing)
    probes = {
        Account(psp, account): probe_at(datetime.fromisoformat(at) if at else None, now=now)
        for psp, account, at in circuits or ()
    }
    return probes, [RoutingRule(**rule) for rule in rules or ()]


def _plan(
    purchase: Purchase,
    tokens: Sequence[Token],
    rules: list[RoutingRule],
    probes: Mapping[Account, datetime | None],
) -> Plan:
    blocked = [account for account, until in probes.items() if until is not None]
    return plan(
        rules=rules,
        purchase=purchase,
        tokens=tokens,
        accounts={Account(psp, name) for psp, accounts in settings.PSP_ACCOUNTS.items() for name in accounts},
        open_accounts=blocked,
    )
