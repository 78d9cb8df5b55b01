"""Seals: whatever is changed behind the application's back is found and named, and anybody can check a proof."""

import json
import runpy
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

import pytest
from django.core.management import call_command
from django.db import connection
from django_subatomic.db import transaction

from ledger import journal
from ledger.accounts import open_book
from ledger.errors import HorizonBlocked
from ledger.models import DailySum, SealBlock, Transaction
from ledger.proof import prove
from ledger.seal import lag_seconds, seal, sealed_through
from ledger.verify import checks
from tests.ledger.books import BOOK, NOW, open_test_book, post, sale

pytestmark = pytest.mark.django_db(transaction=True)

SEALS = "ledger: every sealed transaction is as it was sealed, and every block follows from the one before"
SCRIPT = Path(__file__).parents[2] / "scripts" / "check_proof.py"


@pytest.fixture(autouse=True)
def _book() -> None:
    open_test_book()


def post_some(count: int, *, first: int = 1) -> dict[str, int]:
    """Post sales r-{first}.. and return the ids by reference."""
    posted = post(*(sale(f"r-{number}", number) for number in range(first, first + count)))
    return {row.reference: row.id for row in posted}


def unused_id() -> int:
    """Return an id that was drawn, by a replay, and that no transaction has."""
    (first, again) = (post(sale("r-0"))[0], post(sale("r-0"))[0])
    assert again.replayed
    return first.id + 1


def tamper(*statements: str) -> None:
    """Run statements as a superuser with every trigger off."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for statement in statements:
            cursor.execute(statement)
        cursor.execute("RESET session_replication_role")


def problems() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT r_problem FROM ledger_check_seals()")
        return [row[0] for row in cursor.fetchall()]


def test_what_was_posted_is_sealed_once_in_a_chain() -> None:
    # Given
    post_some(7)
    assert seal() == 7
    assert seal() == 0
    post_some(3, first=8)
    # When
    assert seal() == 3
    # Then
    first, second = SealBlock.objects.order_by("number")
    assert (first.number, first.count, second.number, second.count) == (1, 7, 2, 3)
    assert bytes(second.previous_hash) == bytes(first.hash)
    assert second.after_id == first.through_id
    assert sealed_through() == second.through_id
    assert all(check.passed for check in checks(now=NOW))


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE ledger_entry SET amount_minor = amount_minor + 1 WHERE id >> 10 = {txn}", "altered"),
        ("UPDATE ledger_transaction SET effective_at = effective_at + interval '1 day' WHERE id = {txn}", "altered"),
        ("""UPDATE ledger_transaction SET metadata = '{{"a": "b"}}' WHERE id = {txn}""", "altered"),
        ("UPDATE ledger_transaction SET description = 'x' WHERE id = {txn}", "altered"),
        ("UPDATE ledger_entry SET account_version = 99 WHERE id = {txn} << 10 | 1", "altered"),
        ("DELETE FROM ledger_entry WHERE id = {txn} << 10 | 2", "altered"),
        ("DELETE FROM ledger_transaction WHERE id = {txn}", "deleted"),
    ],
)
def test_each_change_is_found_and_named(statement: str, named: str) -> None:
    # Given
    ids = post_some(5)
    seal()
    # When
    tamper(statement.format(txn=ids["r-3"]))
    # Then
    assert problems() == [f"transaction txn_{ids['r-3']} was {named}"]


def test_five_changes_at_once_are_all_found_and_named() -> None:
    # Given
    gap = unused_id()
    ids = post_some(20)
    seal()
    # When
    tamper(
        f"UPDATE ledger_entry SET amount_minor = 999 WHERE id >> 10 = {ids['r-2']}",
        f"UPDATE ledger_transaction SET effective_at = now() WHERE id = {ids['r-4']}",
        f"""UPDATE ledger_transaction SET metadata = '{{"order": "x"}}' WHERE id = {ids["r-6"]}""",
        f"DELETE FROM ledger_entry WHERE id >> 10 = {ids['r-8']}",
        f"DELETE FROM ledger_transaction WHERE id = {ids['r-8']}",
        f"""INSERT INTO ledger_transaction (id, effective_at, recorded_at, book_id, reference, fingerprint, kind,
        description, metadata) SELECT {gap}, effective_at, recorded_at, book_id, 'forged', fingerprint, kind,
        description, metadata FROM ledger_transaction WHERE id = {ids["r-1"]}""",
        f"""INSERT INTO ledger_entry SELECT {gap} << 10 | (id & 1023), amount_minor, balance_after_minor,
        account_version + 1000, account_id, stripe, currency, direction, status FROM ledger_entry
        WHERE id >> 10 = {ids["r-1"]}""",
    )
    # Then
    assert sorted(problems()) == sorted(
        [
            f"transaction txn_{gap} was inserted",
            *(f"transaction txn_{ids[name]} was altered" for name in ("r-2", "r-4", "r-6")),
            f"transaction txn_{ids['r-8']} was deleted",
        ]
    )
    (check,) = [check for check in checks(now=NOW) if check.name == SEALS]
    assert not check.passed


def test_a_transaction_inserted_into_a_book_without_seals_is_found() -> None:
    # Given
    gap = unused_id()
    post_some(2)
    with transaction():
        open_book(code="empty", name="Empty", now=NOW)
    seal()
    # When
    tamper(
        f"""INSERT INTO ledger_transaction (id, effective_at, recorded_at, book_id, reference, fingerprint, kind,
        description, metadata) SELECT {gap}, now(), now(), id, 'forged', '', 'x', '', '{{}}'
        FROM ledger_book WHERE code = 'empty'""",
    )
    # Then
    assert problems() == [f"transaction txn_{gap} was inserted"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_seal_block SET root = sha256('x') WHERE number = 2",
        "UPDATE ledger_seal_block SET hash = sha256('x') WHERE number = 1",
        "DELETE FROM ledger_seal_block WHERE number = 1",
    ],
)
def test_a_block_that_was_changed_is_found(statement: str) -> None:
    post_some(2)
    seal()
    post_some(2, first=3)
    seal()
    tamper(statement)
    assert any(found.startswith("book test: block 2") for found in problems())


def test_a_posting_that_is_under_way_is_not_passed_over() -> None:
    """An id that was drawn first and is committed last is sealed too."""
    # Given "early" has drawn its id and is not committed, "late" is
    drawn, go = Event(), Event()

    def post_early() -> None:
        try:
            with transaction():
                journal.post(book=BOOK, drafts=sale("early"))
                drawn.set()
                go.wait(timeout=30)
        finally:
            connection.close()

    poster = Thread(target=post_early)
    poster.start()
    assert drawn.wait(timeout=30)
    with transaction():
        open_book(code="other", name="Other", now=NOW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ledger.seal.WAIT_SECONDS", 0.05)
        with pytest.raises(HorizonBlocked):
            seal()
    # When
    go.set()
    poster.join()
    # Then
    assert seal() == 1
    assert problems() == []


def test_the_lag_is_the_age_of_the_oldest_that_is_not_sealed() -> None:
    assert lag_seconds(now=NOW) == 0.0
    post_some(1)
    recorded_at = Transaction.objects.get().recorded_at
    later = recorded_at.replace(year=recorded_at.year + 1)
    assert lag_seconds(now=later) == (later - recorded_at).total_seconds()
    seal()
    assert lag_seconds(now=later) == 0.0


def test_the_sums_per_day_follow_the_seals_and_are_checked() -> None:
    post_some(4)
    seal()
    sums = DailySum.objects.order_by("account__code").values_list("debits_minor", "credits_minor")
    assert list(sums) == [(10, 0), (0, 10)]
    tamper("UPDATE ledger_daily_sum SET debits_minor = 11 WHERE debits_minor = 10")
    assert [check.name for check in checks(now=NOW) if not check.passed] == [
        "ledger: the sums per day equal the sealed entries"
    ]


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8])
def test_the_stand_alone_script_accepts_every_transactions_proof(count: int, tmp_path: Path) -> None:
    # Given
    ids = post_some(count)
    seal()
    post_some(2, first=100)
    seal()
    head = bytes(SealBlock.objects.get(number=2).hash).hex()
    # When, Then
    wrong = runpy.run_path(str(SCRIPT))["problems"]
    for id_ in ids.values():
        assert wrong(prove(public_id=f"txn_{id_}"), head) == []


def test_the_stand_alone_script_runs_without_django_and_refuses_a_forgery(tmp_path: Path) -> None:
    # Given
    ids = post_some(5)
    seal()
    file = tmp_path / "proof.json"
    call_command("ledger_proof", f"txn_{ids['r-3']}", "--output", str(file))
    check = [sys.executable, "-I", str(SCRIPT), str(file)]
    # When
    proved = subprocess.run(check, capture_output=True, text=True, check=False)
    # Then
    assert proved.returncode == 0
    assert f"Proved: txn_{ids['r-3']} is in block 1 of book test." in proved.stdout
    assert len(SCRIPT.read_text().splitlines()) <= 80
    # When one amount in the file is another
    proof = json.loads(file.read_text())
    file.write_text(json.dumps(proof | {"leaf": proof["leaf"].replace(', 3, "P"', ', 4, "P"')}))
    forged = subprocess.run(check, capture_output=True, text=True, check=False)
    assert forged.returncode == 1
    assert "does not lead to the root" in forged.stdout
    # When the head is another
    file.write_text(json.dumps(proof))
    stranger = subprocess.run([*check, "--head", "ab" * 32], capture_output=True, text=True, check=False)
    assert stranger.returncode == 1
