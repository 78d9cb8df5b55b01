"""CSV that people have had their hands on: named by line and column, never half posted."""

from pathlib import Path

import pytest

from tests.ledger.books import holdings, written
from tests.ledger.interchange.files import import_, open_a_book, said

pytestmark = pytest.mark.django_db(transaction=True)

HEAD = "reference,kind,effective_at,account,currency,direction,amount_minor"


def row(reference: str, account: str = "assets:cash", direction: str = "debit", amount: object = 5) -> str:
    return f"{reference},test,2026-11-23T12:00:00Z,{account},EUR,{direction},{amount}"


def pair(reference: str) -> list[str]:
    return [row(reference), row(reference, "revenue:sales", "credit")]


def write(path: Path, *rows: str, head: str = HEAD) -> Path:
    path.write_bytes("".join(f"{line}\n" for line in (head, *rows)).encode("utf-8", "surrogateescape"))
    return path


BAD_FILES: list[tuple[list[str], str]] = [
    ([*pair("a"), row("b", "assets:none"), row("b", "revenue:sales", "credit")], "line 4: account: unknown_account"),
    ([*pair("a"), row("b"), row("b", "revenue:sales", "credit", 6)], "line 4: entries: unbalanced"),
    ([*pair("a"), row("b"), row("b", "revenue:sales", "credit", "5.00")], "line 5: amount_minor: not_an_integer"),
    ([*pair("a"), row("b"), row("b", "revenue:sales", "left")], "line 5: direction: invalid_choice"),
    ([*pair("a"), row("b"), row("b", "revenue:sales", "credit").replace("test", "other")], "line 5: kind: entries_dif"),
    ([*pair("a"), "b,too,few"], "line 4: -: malformed_line: The row has 3 cells, the first 7."),
    ([*pair("a"), '"b"x' + row("")], "line 4: -: malformed_line: The row is no CSV"),
    ([*pair("a"), row("b\udcff"), row("b\udcff", "revenue:sales", "credit")], "line 4: reference: invalid"),
]


def test_a_bad_row_is_named_and_nothing_is_posted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Given
    open_a_book("new")
    unexpected = []
    for number, (rows, expected) in enumerate(BAD_FILES):
        # When
        code = import_("new", "csv", write(tmp_path / f"{number}.csv", *rows))
        # Then
        out = said(capsys)
        if code != 1 or expected not in out:
            unexpected.append((expected, code, out))
    assert unexpected == []
    assert written() == (0, 0)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (HEAD.replace("kind,", ""), "line 1: kind: required"),
        (f"{HEAD},notes", "line 1: notes: unknown_field"),
    ],
)
def test_the_columns_are_known(head: str, expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    open_a_book("new")

    code = import_("new", "csv", write(tmp_path / "file.csv", *pair("a"), head=head))

    assert (code, expected in said(capsys)) == (1, True)


def test_an_empty_file_has_no_columns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    open_a_book("new")
    (tmp_path / "file.csv").write_bytes(b"")

    code = import_("new", "csv", tmp_path / "file.csv")

    assert (code, "line 1: -: malformed_line: The file is empty." in said(capsys)) == (1, True)


def test_half_a_transaction_beside_a_malformed_row_is_not_posted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four entries whose halves balance, the row between them is broken, each batch holds one transaction."""
    # Given
    from ledger.interchange import import_ as importing

    monkeypatch.setattr(importing, "BATCH", 1)
    open_a_book("new")
    # When
    code = import_("new", "csv", write(tmp_path / "file.csv", *pair("a"), "broken", *pair("a")))
    # Then
    assert code == 1
    assert written() == (0, 0)


def test_a_row_that_is_missing_is_noticed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Given the columns that count a transaction's rows, and two of four rows that balance by themselves
    open_a_book("new")
    rows = [f"{line},{position},4" for position, line in enumerate(pair("a"), start=1)]
    # When
    code = import_("new", "csv", write(tmp_path / "file.csv", *rows, head=f"{HEAD},entry,entries"))
    # Then
    assert (code, "line 2: entries: entries_incomplete" in said(capsys)) == (1, True)
    assert written() == (0, 0)


def test_a_file_from_a_spreadsheet_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    # Given
    open_a_book("new")
    # When
    code = import_("new", "csv", write(tmp_path / "file.csv", *pair("'hand-written"), head=f"\ufeff{HEAD}"))
    # Then
    assert code == 0
    assert holdings()["assets:cash"] == (5, 0, 1)
