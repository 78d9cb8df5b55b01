"""A circuit for each PSP account: one that fails too often is left alone for a while, then tried with one payment.

What counts are the calls that asked for money: a PSP that was not reached, or did not answer in words that we could
read, has failed; a decline is an answer. The rule is the circuit breaker's (M. Nygard, "Release It!", 2nd ed. 2018,
chapter 5), with the failures counted over a sliding window of attempts.
"""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db.models import Count, Q
from django_subatomic.db import transaction, transaction_required

from payments.models import Attempt, PspCircuit
from payments.psp.outcomes import AuthorizeOutcome, NotSent, Unknown
from payments.routing import Account
from payments.states import AttemptState, CircuitState

log = structlog.get_logger(__name__)

# An account that stays away is tried ever more rarely, up to 2 to the power of this times the first wait.
MOST_DOUBLINGS = 5


def probes_due(*, now: datetime) -> dict[Account, datetime | None]:
    """Return the accounts whose circuit is not closed, each with when it may be tried; None: now."""
    circuits = PspCircuit.objects.exclude(state=CircuitState.CLOSED)
    rows = circuits.values_list("psp", "psp_account", "probe_at")
    return {Account(psp, account): probe_at(at, now=now) for psp, account, at in rows}


def probe_at(at: datetime | None, *, now: datetime) -> datetime | None:
    """Return when an account may be tried whose circuit is not closed; None: now."""
    return at if at is not None and at > now else None


@transaction_required
def claim_probe(*, account: Account, now: datetime) -> bool:
    """Take the right to try an account whose circuit is open: one payment at a time has it."""
    due = PspCircuit.objects.filter(psp=account.psp, psp_account=account.account, probe_at__lte=now)
    wait = timedelta(seconds=settings.PSP_CIRCUIT_OPEN_SECONDS)
    return due.update(state=CircuitState.HALF_OPEN, probe_at=now + wait) == 1


def note_call(*, attempt: Attempt, outcome: AuthorizeOutcome, now: datetime) -> None:
    """Take account of how a PSP answered when it was asked for money, before its answer is settled.

    Where all is well nothing is written. A transaction of its own: whoever waits for the circuit's row holds no other.
    """
    failed = isinstance(outcome, NotSent | Unknown)
    if failed or attempt.is_probe:
        _note(attempt, outcome, failed=failed, now=now)


@transaction
def _note(attempt: Attempt, outcome: AuthorizeOutcome, *, failed: bool, now: datetime) -> None:
    if failed:
        Attempt.objects.filter(pk=attempt.pk).update(ask_failed=True)
    circuit = _locked(attempt)
    if attempt.is_probe and circuit.state != CircuitState.CLOSED:
        _open(circuit, f"tried, and {outcome}", now) if failed else _close(circuit, now)
    elif circuit.state == CircuitState.CLOSED and (why := _too_many_failed(circuit, now)):
        _open(circuit, why, now)


def _locked(attempt: Attempt) -> PspCircuit:
    """Return the account's row, locked, made where there was none."""
    new = PspCircuit(psp=attempt.psp, psp_account=attempt.psp_account, counted_since=attempt.submitted_at)
    PspCircuit.objects.bulk_create([new], ignore_conflicts=True)
    return PspCircuit.objects.select_for_update().get(psp=attempt.psp, psp_account=attempt.psp_account)


def _too_many_failed(circuit: PspCircuit, now: datetime) -> str:
    """Return what the window shows where that is too much; empty otherwise."""
    window = now - timedelta(seconds=settings.PSP_CIRCUIT_WINDOW_SECONDS)
    asked = Attempt.objects.filter(
        psp=circuit.psp, psp_account=circuit.psp_account, submitted_at__gte=max(window, circuit.counted_since)
    ).filter(~Q(state=AttemptState.SUBMITTED) | Q(ask_failed=True))
    counted = asked.aggregate(calls=Count("pk"), failed=Count("pk", filter=Q(ask_failed=True)))
    calls, failed = counted["calls"], counted["failed"]
    if failed < settings.PSP_CIRCUIT_LEAST_FAILURES or failed < settings.PSP_CIRCUIT_FAILURE_SHARE * calls:
        return ""
    return f"{failed} of {calls} calls failed in {settings.PSP_CIRCUIT_WINDOW_SECONDS} s"


def _open(circuit: PspCircuit, why: str, now: datetime) -> None:
    wait = timedelta(seconds=settings.PSP_CIRCUIT_OPEN_SECONDS) * 2 ** min(circuit.trips, MOST_DOUBLINGS)
    if circuit.state == CircuitState.CLOSED:
        circuit.opened_at = now
    circuit.state, circuit.reason, circuit.probe_at = CircuitState.OPEN, why[:255], now + wait
    circuit.trips += 1
    circuit.save()
    log.error("psp.circuit_opened", psp=circuit.psp, account=circuit.psp_account, why=why, trips=circuit.trips)


def _close(circuit: PspCircuit, now: datetime) -> None:
    circuit.state, circuit.reason, circuit.trips = CircuitState.CLOSED, "", 0
    circuit.opened_at, circuit.probe_at, circuit.counted_since = None, None, now
    circuit.save()
    log.info("psp.circuit_closed", psp=circuit.psp, account=circuit.psp_account)


@transaction_required
def reset(*, circuit_id: int, now: datetime) -> bool:
    """Close a circuit by hand; return whether it was open."""
    still_open = PspCircuit.objects.filter(pk=circuit_id).exclude(state=CircuitState.CLOSED)
    return (
        still_open.update(
            state=CircuitState.CLOSED, reason="", trips=0, opened_at=None, probe_at=None, counted_since=now
        )
        == 1
    )
