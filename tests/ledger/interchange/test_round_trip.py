"""What is exported and imported again is what was there."""

from pathlib import Path

import pytest
from django_subatomic.db import transaction

from ledger.accounts import open_book
from ledger.models import ImportRun
from ledger.verify import checks
from tests.ledger.books import sale, written
from tests.ledger.interchange.files import (
    NOW,
    export,
    exported_transactions,
    fill,
    import_,
    open_a_book,
    post_drafts,
    said,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_json_lines_fill_an_empty_book_with_the_same_entries(tmp_path: Path) -> None:
    # Given
    open_a_book("old")
    fill("old")
    with transaction():
        open_book(code="new", name="New", now=NOW)
    # When
    export("old", "jsonl", tmp_path / "old.jsonl")
    code = import_("new", "jsonl", tmp_path / "old.jsonl")
    # Then
    assert code == 0
    assert len(exported_transactions("old", tmp_path)) == 12
    assert exported_transactions("new", tmp_path) == exported_transactions("old", tmp_path)
    assert [check.name for check in checks(now=NOW) if not check.passed] == []


def test_csv_fills_a_book_that_has_the_accounts_with_the_same_entries(tmp_path: Path) -> None:
    # Given
    open_a_book("old")
    fill("old")
    open_a_book("new")
    # When
    export("old", "csv", tmp_path / "old.csv")
    code = import_("new", "csv", tmp_path / "old.csv")
    # Then
    assert code == 0
    assert exported_transactions("new", tmp_path) == exported_transactions("old", tmp_path)


@pytest.mark.parametrize("format_", ["csv", "jsonl"])
def test_a_book_knows_its_own_export(format_: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Given
    open_a_book("old")
    fill("old")
    before = written()
    export("old", format_, tmp_path / "file")
    # When
    code = import_("old", format_, tmp_path / "file")
    # Then: every fingerprint fits, so nothing is posted
    assert code == 0
    assert written() == before
    run = ImportRun.objects.get()
    assert (run.posted, run.replayed, run.refused, run.state) == (0, 12, 0, "done")
    assert "0 transactions posted, 12 known before, 0 refused." in said(capsys)


def test_a_file_is_imported_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Given
    open_a_book("old")
    fill("old")
    open_a_book("new")
    export("old", "csv", tmp_path / "old.csv")
    assert import_("new", "csv", tmp_path / "old.csv") == 0
    # When
    code = import_("new", "csv", tmp_path / "old.csv")
    # Then
    assert code == 0
    assert ImportRun.objects.count() == 1
    assert "This file was imported before: 12 transactions posted" in said(capsys)


def test_a_dry_run_counts_and_keeps_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Given
    open_a_book("old")
    fill("old")
    with transaction():
        open_book(code="new", name="New", now=NOW)
    export("old", "jsonl", tmp_path / "old.jsonl")
    before = written()
    # When
    code = import_("new", "jsonl", tmp_path / "old.jsonl", "--dry-run")
    # Then
    assert code == 0
    assert "Dry run, nothing is kept: 12 transactions posted, 0 known before, 0 refused." in said(capsys)
    assert written() == before
    assert ImportRun.objects.count() == 0


@pytest.mark.parametrize("format_", ["csv", "jsonl"])
def test_another_books_later_transactions_make_no_export_incomplete(format_: str, tmp_path: Path) -> None:
    # Given
    open_a_book("old")
    fill("old", transactions=2)
    open_a_book("new")
    post_drafts("new", sale("later"))
    # When
    export("old", format_, tmp_path / "file")
    code = import_("new", format_, tmp_path / "file")
    # Then
    assert code == 0
    assert len(exported_transactions("new", tmp_path)) == 3
