"""The tables of states, and the triggers that hold the database to them."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.db.models import Model
from django.db.transaction import atomic

from config.generated_pages import state_machines
from exactly_once.state_machine import StateMachine
from payments.models import (
    Attempt,
    Break,
    Capture,
    Decision,
    Dispute,
    PaymentIntent,
    Payout,
    Refund,
    SettlementLine,
    Void,
)
from payments.settlement_states import SETTLEMENT_LINE
from payments.state_machines import (
    ATTEMPT,
    BREAK,
    CAPTURE,
    DECISION,
    DISPUTE,
    INTENT,
    PAYOUT,
    REFUND,
    VOID,
)
from tests.mutation.world import populate
from tests.psp import Psp

# A captured attempt has a sum, any other has none: another guard's business.
SUMS = (
    "captured_minor = CASE WHEN %(state)s = 'captured' THEN 1290 ELSE 0 END, refunded_minor = 0, disputed_minor = 0, "
)
TAKEN = "withdrawn_minor = CASE WHEN %(state)s IN ('needs_response', 'under_review', 'lost') THEN 100 ELSE 0 END, "


# A break ends by its refund, where it has one that the PSP has paid.
ENDED = (
    "resolution = CASE WHEN %(state)s = 'open' THEN '' WHEN EXISTS (SELECT FROM payments_breakrefund AS r "
    "WHERE r.about_id = payments_break.id AND r.state = 'succeeded') THEN 'refunded' ELSE 'superseded' END, "
    "reason = CASE %(state)s WHEN 'open' THEN '' ELSE 'x' END, "
    "resolved_by = CASE %(state)s WHEN 'open' THEN '' ELSE 'x' END, "
    "resolved_at = CASE %(state)s WHEN 'open' THEN NULL ELSE now() END, "
)
# Any of a decision's ends, as far as the rule of two people goes.
SIGNED = (
    "closed_by = CASE %(state)s WHEN 'proposed' THEN '' WHEN 'overtaken' THEN '' WHEN 'withdrawn' THEN proposed_by "
    "ELSE 'x' END, closed_at = CASE %(state)s WHEN 'proposed' THEN NULL ELSE timestamptz '2026-01-01' END, "
)

# Every line has a break, and moves nothing: what else a state asks for is another guard's business.
SETTLED = (
    "finding_id = (SELECT min(id) FROM payments_break), gross_minor = 0, fee_minor = 0, net_minor = 0, "
    "booked_fee_minor = 0, settled_at = CASE %(state)s WHEN 'new' THEN NULL ELSE now() END, "
)

MACHINES: list[tuple[type[Model], StateMachine[Any], str]] = [
    (PaymentIntent, INTENT, ""),
    (Attempt, ATTEMPT, SUMS),
    (Capture, CAPTURE, ""),
    (Void, VOID, ""),
    (Refund, REFUND, ""),
    (Dispute, DISPUTE, TAKEN),
    (Payout, PAYOUT, ""),
    (Break, BREAK, ENDED),
    (Decision, DECISION, SIGNED),
    (SettlementLine, SETTLEMENT_LINE, SETTLED),
]


@pytest.mark.django_db(transaction=True)
def test_the_database_takes_the_transitions_of_the_tables_and_no_other(psp: Psp) -> None:
    # Given a sale and its refund
    assert psp.requests() == 0
    populate()
    # When each state is followed by each other one
    taken = {machine.name: taken_of(model, machine, beside) for model, machine, beside in MACHINES}
    # Then
    assert taken == {machine.name: in_table(machine) for _, machine, _ in MACHINES}


def taken_of(model: type[Model], machine: StateMachine[Any], beside: str) -> set[tuple[str, str]]:
    pairs = itertools.permutations(machine.transitions, 2)
    return {(current, news) for current, news in pairs if is_taken(model, current, news, beside)}


def in_table(machine: StateMachine[Any]) -> set[tuple[str, str]]:
    return {(current, news) for current, row in machine.transitions.items() for news in row}


def is_taken(model: type[Model], current: str, news: str, beside: str) -> bool:
    change = f"UPDATE {model._meta.db_table} SET {beside}state = %(state)s"
    with rolled_back(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE payments_attempt SET captured_minor = amount_minor WHERE state = 'authorized'")
        cursor.execute(change, {"state": current})
        cursor.execute("SET LOCAL session_replication_role = origin")
        try:
            with atomic():
                cursor.execute(change, {"state": news})
        except DatabaseError as error:
            name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "")
            if not name.endswith("follows_table"):
                raise
            return False
        return True


@contextmanager
def rolled_back() -> Iterator[None]:
    with atomic():
        yield
        connection.set_rollback(True)


def test_every_state_is_drawn() -> None:
    page = state_machines.render()
    assert all(f" {state}" in page for _, machine, _ in MACHINES for state in machine.transitions)


def test_a_page_that_is_not_what_the_code_says_is_noticed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Given
    call_command("state_machines", check=True)
    assert "is as the code says" in capsys.readouterr().out
    # When
    monkeypatch.setattr(Path, "read_text", lambda _: "# Another page")
    # Then
    with pytest.raises(CommandError, match=r"run manage\.py state_machines"):
        call_command("state_machines", check=True)
