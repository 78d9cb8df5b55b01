"""Holds, reversals, late transactions and accounts with limits, on their way out and in."""

import json
from datetime import timedelta
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django_subatomic.db import transaction

from ledger import resolve
from ledger.accounts import AccountSpec, ensure_accounts, open_book
from ledger.drafts import HoldTerms, TransactionDraft, credit, debit
from ledger.money import Money
from tests.ledger.books import eur, sale, written
from tests.ledger.interchange.files import (
    CASH,
    NOW,
    PSP,
    SALES,
    export,
    exported_transactions,
    import_,
    open_a_book,
    post_drafts,
    said,
)

pytestmark = pytest.mark.django_db(transaction=True)
FORMATS = ["csv", "jsonl"]


def hold(reference: str, amount: Money) -> TransactionDraft:
    entries = (debit(PSP, amount, "pending"), credit(SALES, amount, "pending"))
    return TransactionDraft(reference, "hold", entries, NOW, link=HoldTerms(NOW + timedelta(days=3650)))


def open_from(book: str, days: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_book SET open_from = %s WHERE code = %s", [NOW + timedelta(days=days), book])


def accounts_of(path: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [
        {name: value for name, value in line.items() if name != "opened_at"}
        for line in lines
        if line["type"] == "account"
    ]


@pytest.mark.parametrize("format_", FORMATS)
def test_a_reversal_still_reverses_in_the_new_book(
    format_: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Given
    open_a_book("old")
    open_a_book("new")
    post_drafts("old", sale("=sold", 100), sale("sold-2", 50))
    part = [debit(CASH, eur(30)), credit(SALES, eur(30))]
    with transaction():
        resolve.reverse(book="old", target="=sold", reference="!part", effective_at=NOW, entries=part)
        resolve.reverse(book="old", target="sold-2", reference="whole", effective_at=NOW)
    export("old", format_, tmp_path / "file")
    # When
    codes = [import_(book, format_, tmp_path / "file") for book in ("new", "old")]
    # Then
    assert codes == [0, 0]
    assert "0 transactions posted, 4 known before, 0 refused." in said(capsys)
    old, new = (exported_transactions(book, tmp_path) for book in ("old", "new"))
    assert sorted(new, key=itemgetter("reference")) == sorted(old, key=itemgetter("reference"))
    # And stands after what it reverses, though references sort otherwise
    order = [row["reference"] for row in new]
    assert order.index("=sold") < order.index("!part")
    assert {row["reference"]: row["resolves"] for row in new if row["resolves"]} == {
        "!part": {"target": "=sold", "action": "reverse", "final": False},
        "whole": {"target": "sold-2", "action": "reverse", "final": True},
    }


@pytest.mark.parametrize("format_", FORMATS)
def test_holds_are_told_and_not_imported(format_: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Given
    open_a_book("old")
    open_a_book("new")
    post_drafts("old", hold("held", eur(100)), hold("settled", eur(70)))
    with transaction():
        resolve.settle(book="old", hold="settled", reference="settlement", effective_at=NOW)
    found = exported_transactions("old", tmp_path)
    assert [[entry["status"] for entry in row["entries"]] for row in found] == [
        ["pending", "pending"],
        ["pending", "pending"],
        ["posted", "posted", "released", "released"],
    ]
    assert found[0]["expires_at"] == "2036-11-20T12:00:00.000000Z"
    export("old", format_, tmp_path / "file")
    before = written()
    # When
    code = import_("new", format_, tmp_path / "file")
    # Then
    assert code == 1
    assert said(capsys).count("status_not_posted: ") == 3
    assert written() == before
    # And Beancount hears of what is posted
    text = export("old", "beancount", tmp_path / "book.beancount").decode()
    assert [line for line in text.splitlines() if line.startswith("  Assets")] == ["  Assets:Cash:Psp  0.70 EUR"]


def test_a_late_transaction_keeps_the_day_on_which_it_counts(tmp_path: Path) -> None:
    # Given
    open_a_book("old")
    open_a_book("new")
    open_from("old", 9)
    post_drafts("old", sale("late", 100))
    # When
    export("old", "jsonl", tmp_path / "file")
    code = import_("new", "jsonl", tmp_path / "file")
    # Then
    assert code == 0
    (old,), (new,) = exported_transactions("old", tmp_path), exported_transactions("new", tmp_path)
    assert (old["effective_at"], old["dated_at"]) == ("2026-12-02T12:00:00.000000Z", "2026-11-23T12:00:00.000000Z")
    assert (new["effective_at"], new["dated_at"]) == (old["effective_at"], None)


def test_nothing_is_imported_into_a_closed_period(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Given
    open_a_book("old")
    open_a_book("new")
    post_drafts("old", sale("late", 100))
    export("old", "jsonl", tmp_path / "file")
    open_from("new", 9)
    # When
    code = import_("new", "jsonl", tmp_path / "file")
    # Then
    assert (code, "effective_at: period_closed" in said(capsys)) == (1, True)
    assert exported_transactions("new", tmp_path) == []


def test_limits_stripes_and_metadata_of_accounts_come_along(tmp_path: Path) -> None:
    # Given
    with transaction():
        for book in ("old", "new"):
            open_book(code=book, name=book, now=NOW)
        ensure_accounts(
            book="old",
            accounts=[
                AccountSpec("assets:hot", "EUR", "asset", "debit", stripes=4),
                AccountSpec("liabilities:bounded", "JPY", "liability", "credit", -5, 10, metadata={"owner": "=me"}),
            ],
        )
    export("old", "jsonl", tmp_path / "old.jsonl")
    # When
    code = import_("new", "jsonl", tmp_path / "old.jsonl")
    # Then
    assert code == 0
    export("new", "jsonl", tmp_path / "new.jsonl")
    found = accounts_of(tmp_path / "new.jsonl")
    assert found == accounts_of(tmp_path / "old.jsonl")
    assert [(row["floor_minor"], row["ceiling_minor"], row["stripes"]) for row in found] == [
        (None, None, 4),
        (-5, 10, 1),
    ]
