"""What cannot be posted is refused by line, field and rule, and its batch is left out whole."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError

from ledger.interchange import import_ as importing
from ledger.interchange import runs
from ledger.interchange.lines import MAX_LINE_BYTES
from ledger.models import ImportRun
from tests.ledger.books import close_alone, holdings, sale, written
from tests.ledger.interchange.files import NOW, PSP, export, fill, import_, open_a_book, open_account, post_drafts, said

pytestmark = pytest.mark.django_db(transaction=True)

type Change = Callable[[dict[str, Any]], object]


def line(reference: str, change: Change = lambda _: None, *, amount_minor: int = 100) -> dict[str, Any]:
    row: dict[str, Any] = {
        "type": "transaction",
        "reference": reference,
        "kind": "test",
        "effective_at": "2026-11-23T12:00:00Z",
        "entries": [
            {"account": account, "currency": "EUR", "direction": direction, "amount_minor": amount_minor}
            for account, direction in ((PSP, "debit"), ("revenue:sales", "credit"))
        ],
    }
    change(row)
    return row


def write(path: Path, *lines: object) -> Path:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in lines))
    return path


def entry(**changes: object) -> Change:
    return lambda row: row["entries"][1].update(changes)


def resolving(**changes: object) -> Change:
    return lambda row: row.update(resolves={"target": "q", "action": "reverse", "final": True} | changes)


BAD_LINES: list[tuple[object, str]] = [
    ("{", "line 2: -: malformed_line: The line is no JSON: "),
    ("[]", "line 2: -: malformed_line: The line is no JSON object."),
    ('{"type":"transaction","type":"x"}', "line 2: -: malformed_line: The line is no JSON: a name comes twice"),
    ('{"type":NaN}', "line 2: -: malformed_line: The line is no JSON: NaN is no number"),
    ({"type": "entry"}, "line 2: /type: invalid_choice"),
    ({"type": "export", "version": 2}, "line 2: /version: invalid_choice"),
    (line(""), "line 2: /reference: reference_invalid"),
    (line("x" * 256), "line 2: /reference: max_length"),
    (line("a\0"), "line 2: /reference: null_characters_not_allowed"),
    (line("\ud800"), "line 2: /reference: invalid"),
    (line("r", lambda row: row.pop("kind")), "line 2: /kind: required"),
    (line("r", lambda row: row.update(kind=1)), "line 2: /kind: invalid"),
    (line("r", lambda row: row.update(kind="")), "line 2: /kind: kind_invalid"),
    (line("r", lambda row: row.update(reverses="q")), "line 2: /reverses: unknown_field"),
    (line("r", lambda row: row.update(resolves=1)), "line 2: /resolves: not_a_dict"),
    (line("r", resolving(action="void")), "line 2: /resolves/action: status_not_posted"),
    (line("r", resolving(final=1)), "line 2: /resolves/final: invalid"),
    (line("r", resolving()), "line 2: -: transaction_not_found"),
    (line("r", lambda row: row.update(effective_at="today")), "line 2: /effective_at: invalid"),
    (line("r", lambda row: row.update(effective_at="2026-11-23")), "line 2: /effective_at: effective_at_naive"),
    (line("r", lambda row: row.update(effective_at="0001-01-01T00:00:00+01:00")), "line 2: /effective_at: invalid"),
    (line("r", lambda row: row.update(metadata=[])), "line 2: /metadata: not_a_dict"),
    (line("r", lambda row: row.update(metadata={"a": 1})), "line 2: /metadata/a: invalid"),
    (line("r", lambda row: row.update(entries={})), "line 2: /entries: not_a_list"),
    (line("r", lambda row: row.update(entries=[1])), "line 2: /entries/0: not_a_dict"),
    (line("r", lambda row: row["entries"].pop()), "line 2: /entries: too_few_entries"),
    (line("r", entry(amount_minor=99)), "line 2: /entries: unbalanced"),
    (line("r", entry(amount_minor=100.0)), "line 2: /entries/1/amount_minor: not_an_integer"),
    (line("r", entry(amount_minor=0)), "line 2: /entries/1/amount_minor: amount_not_positive"),
    (line("r", entry(amount_minor=2**63)), "line 2: /entries/1/amount_minor: amount_out_of_range"),
    (line("r", entry(currency="QQQ")), "line 2: /entries/1/currency: unknown_currency"),
    (line("r", entry(direction="left")), "line 2: /entries/1/direction: invalid_choice"),
    (line("r", entry(status="pending")), "line 2: /entries/1/status: status_not_posted"),
    (line("r", entry(account="assets:none")), "line 2: account: unknown_account"),
    (line("known", amount_minor=101), "line 2: reference: reference_conflict"),
    (
        {"type": "account", "code": PSP, "currency": "EUR", "account_type": "equity", "normal_side": "debit"},
        "line 2: /account_type: account_differs",
    ),
    (
        {
            "type": "account",
            "code": "a",
            "currency": "EUR",
            "account_type": "asset",
            "normal_side": "debit",
            "stripes": 0,
        },
        "line 2: /stripes: amount_out_of_range",
    ),
    (" " * (MAX_LINE_BYTES + 1), "line 2: -: line_too_long"),
]


def test_every_bad_line_is_named_and_keeps_its_batch_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Given
    open_a_book("new")
    post_drafts("new", sale("known", 100))
    before = written()
    unexpected = []
    for number, (bad, expected) in enumerate(BAD_LINES):
        path = write(tmp_path / f"{number}.jsonl", line(f"good-{number}"), bad)
        # When
        code = import_("new", "jsonl", path)
        # Then
        out = said(capsys)
        if code != 1 or expected not in out:
            unexpected.append((expected, code, out))
    assert unexpected == []
    assert written() == before
    assert set(ImportRun.objects.values_list("state", "posted", "lines_done")) == {("refused", 0, 0)}


def test_other_batches_are_posted_and_a_rerun_begins_at_the_refused_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given: batches of 2, the second names an account that is not there
    monkeypatch.setattr(importing, "BATCH", 2)
    open_a_book("new")
    lines = [line(f"r-{number}") for number in range(1, 7)]
    lines[3]["entries"][0]["account"] = "assets:cash:later"
    path = write(tmp_path / "file.jsonl", *lines)
    # When
    code = import_("new", "jsonl", path)
    # Then
    out = said(capsys)
    assert code == 1
    assert "line 4: account: unknown_account: The book has no account assets:cash:later in EUR." in out
    assert "4 transactions posted, 0 known before, 2 refused." in out
    assert written() == (4, 8)
    run = ImportRun.objects.get()
    assert (run.lines_done, run.posted, run.refused, run.state) == (2, 4, 2, "refused")
    # When the account is opened
    open_account("new", "assets:cash:later", "EUR")
    code = import_("new", "jsonl", path)
    # Then
    assert code == 0
    assert "Went on after line 2: 2 transactions posted, 2 known before, 0 refused." in said(capsys)
    run.refresh_from_db()
    assert (run.lines_done, run.posted, run.replayed, run.refused, run.state) == (6, 6, 2, 0, "done")
    assert run.finished_at is not None
    assert holdings()["revenue:sales"] == (0, 600, 6)


def test_a_run_that_was_killed_goes_on_after_its_last_batch(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a CSV whose cells hold line breaks, and a death after the first batch
    open_a_book("old")
    fill("old")
    open_a_book("new")
    path = tmp_path / "file.csv"
    export("old", "csv", path)
    monkeypatch.setattr(importing, "BATCH", 9)
    advance = runs.advance

    def die(**arguments: object) -> None:
        if ImportRun.objects.get().lines_done:
            raise KeyboardInterrupt
        advance(**arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(runs, "advance", die)
    with pytest.raises(KeyboardInterrupt):
        import_("new", "csv", path)
    run = ImportRun.objects.get()
    assert (run.posted, run.state, run.lines_done) == (9, "running", 1 + 27 + 18)  # 9 * 3 rows, 18 line breaks in cells
    monkeypatch.undo()
    said(capsys)
    # When
    code = import_("new", "csv", path)
    # Then
    assert code == 0
    assert f"Went on after line {run.lines_done}: 3 transactions posted, 0 known before, 0 refused." in said(capsys)
    run.refresh_from_db()
    assert (run.posted, run.state) == (12, "done")


def test_what_the_books_refuse_is_named_one_by_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Given
    open_a_book("new")
    post_drafts("new", sale("known", 100))
    close_alone(book="new", code=PSP, currency="EUR", now=NOW)
    path = write(tmp_path / "file.jsonl", line("known", amount_minor=7), line("closed"))
    # When
    code = import_("new", "jsonl", path)
    # Then
    out = said(capsys)
    assert code == 1
    assert "line 1: reference: reference_conflict" in out
    assert f"line 2: -: account_closed: The account is closed: {PSP} EUR." in out
    assert written() == (1, 2)


@pytest.mark.parametrize("format_", ["csv", "jsonl"])
def test_an_export_that_was_cut_is_refused(format_: str, tmp_path: Path) -> None:
    # Given
    open_a_book("old")
    fill("old", transactions=4)
    open_a_book("new")
    whole = export("old", format_, tmp_path / "file")
    (tmp_path / "file").write_bytes(whole[:-300])
    # When
    with pytest.raises(CommandError, match="file_incomplete"):
        import_("new", format_, tmp_path / "file")
    # Then
    assert written() == (4, 12)


def test_control_characters_of_the_file_do_not_reach_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    open_a_book("new")

    import_("new", "jsonl", write(tmp_path / "file.jsonl", line("r", lambda row: row.update({"\x1b[2J": 1}))))

    assert "line 1: /\\x1b[2J: unknown_field" in said(capsys)
