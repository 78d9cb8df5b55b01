"""An export says everything, ends where it says, and can be completed when it was cut."""

import csv
import json
from pathlib import Path
from threading import Thread

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django_subatomic.db import transaction

from ledger import journal
from ledger.drafts import TransactionDraft, credit, debit
from ledger.horizon import settled_through
from ledger.interchange import rows
from ledger.money import Money
from tests.ledger.books import sale
from tests.ledger.interchange.files import (
    CURRENCIES,
    NOW,
    PSP,
    SALES,
    export,
    fill,
    open_a_book,
    open_account,
    post_drafts,
    said,
)

pytestmark = pytest.mark.django_db(transaction=True)
FORMATS = ["beancount", "csv", "jsonl"]


@pytest.mark.parametrize("format_", FORMATS)
def test_a_file_cut_anywhere_is_completed_to_the_same_bytes(format_: str, tmp_path: Path) -> None:
    # Given
    open_a_book("old")
    fill("old", transactions=5)
    whole = export("old", format_, tmp_path / "whole")
    # When
    cut = tmp_path / "cut"
    differing = []
    for length in [*range(0, len(whole), 97), len(whole) - 1, len(whole)]:
        cut.write_bytes(whole[:length])
        if export("old", format_, cut, "--resume") != whole:
            differing.append(length)
    # Then
    assert differing == []
    # And a transaction that came after the cut file's end is none of its business
    first_entry = whole.index(b"#2")
    post_drafts("old", sale("later"))
    cut.write_bytes(whole[:first_entry])
    assert export("old", format_, cut, "--resume") == whole


def test_accounts_opened_since_the_cut_begin_the_file_anew(tmp_path: Path) -> None:
    # Given
    open_a_book("old")
    fill("old", transactions=3)
    whole = export("old", "jsonl", tmp_path / "whole")
    (tmp_path / "cut").write_bytes(whole[:-10])
    open_account("old", "assets:new", "EUR")
    # When
    resumed = export("old", "jsonl", tmp_path / "cut", "--resume")
    # Then
    assert resumed == export("old", "jsonl", tmp_path / "fresh")
    assert b"assets:new" in resumed


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("content", [b"my diary\n", b"my diary", b'{"type":"account"}\n', b"a,b\n1,2\n"])
def test_a_file_that_is_no_export_is_left_alone(format_: str, content: bytes, tmp_path: Path) -> None:
    # Given
    open_a_book("old")
    other = tmp_path / "other"
    other.write_bytes(content)
    # When
    with pytest.raises(CommandError, match="not_an_export"):
        export("old", format_, other, "--resume")
    # Then
    assert other.read_bytes() == content


@pytest.mark.parametrize("format_", FORMATS)
def test_another_books_export_is_left_alone(format_: str, tmp_path: Path) -> None:
    # Given
    open_a_book("old")
    open_a_book("new")
    fill("old", transactions=2)
    content = export("old", format_, tmp_path / "file")
    # When
    with pytest.raises(CommandError, match="other_book"):
        export("new", format_, tmp_path / "file", "--resume")
    # Then
    assert (tmp_path / "file").read_bytes() == content


def test_an_unknown_book_empties_no_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"kept")

    with pytest.raises(CommandError, match="book_not_found"):
        export("none", "csv", tmp_path / "file")

    assert (tmp_path / "file").read_bytes() == b"kept"


def test_pages_follow_each_other_without_gap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # Given
    open_a_book("old")
    fill("old", transactions=7)
    whole = export("old", "jsonl", tmp_path / "whole")
    # When
    monkeypatch.setattr(rows, "PAGE", 2)
    # Then
    assert export("old", "jsonl", tmp_path / "pages") == whole
    assert len(whole.splitlines()) == 1 + 12 + 7


def test_standard_output_takes_the_file_and_standard_error_the_rest(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    # Given
    open_a_book("old")
    fill("old", transactions=1)
    # When
    call_command("ledger_export", "--book", "old", "--format", "jsonl", "--output", "-")
    # Then
    out, err = capfdbinary.readouterr()
    assert json.loads(out.splitlines()[-1])["entries"][0] == {
        "account": "assets:cash:psp",
        "currency": "EUR",
        "direction": "debit",
        "amount_minor": 1001,
        "status": "posted",
    }
    assert b"1 transactions written." in err


def test_no_cell_of_a_spreadsheet_starts_a_formula(tmp_path: Path) -> None:
    # Given
    open_a_book("=cmd|' /C calc'!A0")
    fill("=cmd|' /C calc'!A0")
    # When
    export("=cmd|' /C calc'!A0", "csv", tmp_path / "file")
    # Then
    with (tmp_path / "file").open(newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert len(cells) == 22 * (1 + 12 * 3)
    assert [cell for cell in cells if cell.lstrip(" \n")[:1] in tuple("=+-@|%\t\r\uff1d\uff0b\uff0d\uff20")] == []
    assert {"10.01", "1002", "1.003", "0.1004"} <= set(cells)  # EUR, JPY, KWD, CLF for people


def test_an_export_waits_for_writers_that_began_before_its_end(tmp_path: Path) -> None:
    """A transaction that drew its id first and commits last is not missed."""
    # Given: "early" has drawn its id and is not committed, "late" is
    open_a_book("old")
    found: list[int] = []

    def look() -> None:
        try:
            found.append(settled_through())
            found.append(sum(map(len, rows.transactions(book="old", after=0, through=found[0]))))
        finally:
            connection.close()

    def post_late() -> None:
        try:
            post_drafts("old", sale("late"))
        finally:
            connection.close()

    with transaction():
        jpy = Money(5, CURRENCIES[1])
        early = TransactionDraft("early", "test", (debit(PSP, jpy), credit(SALES, jpy)), NOW)
        journal.post(book="old", drafts=early)
        late, looking = Thread(target=post_late), Thread(target=look)
        for thread in (late, looking):
            thread.start()
            thread.join(0.5)
        waiting = not found
    # When it commits
    looking.join(10)
    # Then
    assert waiting
    assert found[1] == 2


def test_it_says_where_it_went_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Given
    open_a_book("old")
    fill("old", transactions=3)
    whole = export("old", "jsonl", tmp_path / "file")
    (tmp_path / "file").write_bytes(whole[:-1])
    said(capsys)
    # When
    export("old", "jsonl", tmp_path / "file", "--resume")
    # Then
    second = json.loads(whole.splitlines()[-2])["id"]
    assert f"1 transactions written, after {second} that were there." in said(capsys)
