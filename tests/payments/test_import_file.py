"""A file is imported once and whole, or not at all, whatever stops it and whoever sends it again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from payments import read_file as reading
from payments.errors import PaymentNotFound, PaymentRefused
from payments.import_file import due_files, import_file
from payments.models import BankLine, Break, CsvMapping, FileImport, FileRow, SettlementLine
from payments.read_file import read_file
from payments.states import FileKind
from payments.tasks import import_files, import_some_of_a_file
from tests.concurrency.crowd import crowd
from tests.factories import NOW
from tests.payments.psp.test_adyen_report import NO_PAYMENT, report
from tests.payments.statements.camt_files import balance, entry, statement
from tests.payments.statements.uploads import bad_rows, bank_csv, imported, mapping, upload

pytestmark = pytest.mark.django_db(transaction=True)

CSV, ADYEN = FileKind.BANK_CSV, FileKind.ADYEN_SETTLEMENT
ACCOUNTS = {"adyen": {"main": {"merchant_account": "ShopEurope"}}}
PAYOUT = {**NO_PAYMENT, "Type": "MerchantPayout", "Modification Reference": "TX7XT", "Net Debit (NC)": "12.65"}


@pytest.fixture(autouse=True)
def _adyen() -> Iterator[None]:
    with override_settings(PSP_ACCOUNTS=ACCOUNTS):
        yield


@pytest.fixture
def pages_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "ROWS_IN_A_PAGE", 2)


def test_a_statement_becomes_bank_lines() -> None:
    file = imported(statement(entry(), entry("1", sign="DBIT", reference=""), entry(status="<Sts>PDNG</Sts>")))
    assert (file.state, file.rows_read, file.rows_new, file.rows_skipped, file.rows_known) == ("applied", 3, 2, 1, 0)
    first, second = BankLine.objects.order_by("pk")
    assert (first.line_id, first.amount_minor, first.currency, str(first.booked_on)) == (
        "ref:BANK-1",
        6028,
        "EUR",
        "2026-11-27",
    )
    assert (first.state, first.file, first.raw["Amt"], second.amount_minor) == ("new", file, "60.28", -100)


def test_a_settlement_report_becomes_settlement_lines() -> None:
    file = imported(report({}, PAYOUT, {"Merchant Account": "ShopUS"}), ADYEN)
    assert (file.state, file.rows_read, file.rows_new, file.rows_skipped) == ("applied", 3, 2, 1)
    charge, payout = SettlementLine.objects.order_by("pk")
    assert (charge.line_id, charge.kind, charge.gross_minor, charge.fee_minor) == (
        "7:Settled:MODIFIED:1",
        "charge",
        1290,
        25,
    )
    assert (charge.psp, charge.psp_account, charge.book, charge.state) == ("adyen", "main", "shop", "new")
    assert (charge.raw["Psp Reference"], charge.occurred_at.isoformat()) == ("PAID", "2026-11-28T11:00:00+00:00")
    assert (payout.kind, payout.psp_reference, payout.net_minor) == ("payout", "ShopEurope:7", -1265)


def test_the_same_file_is_one_import_whoever_sends_it() -> None:
    first = imported(statement(entry()))
    assert upload(statement(entry()), by="bob") == first.public_id
    assert imported(statement(entry())).rows_new == 1
    assert (FileImport.objects.count(), BankLine.objects.count()) == (1, 1)
    # Sent by many at once, too
    assert len(set(crowd(6, lambda _: upload(statement(entry("2")))))) == 1


def test_files_that_overlap_bring_each_line_once() -> None:
    mapping()
    imported(bank_csv("1,2026-11-27,60.28,po_1"), CSV)
    file = imported(bank_csv("1,2026-11-27,60.28,po_1 again", "2,2026-11-28,1,x"), CSV)
    assert (file.rows_new, file.rows_known) == (1, 1)
    assert list(BankLine.objects.order_by("pk").values_list("line_id", "reference")) == [
        ("ref:1", "po_1"),
        ("ref:2", "x"),
    ]


def test_a_bad_row_is_named_and_nothing_of_its_file_counts() -> None:
    mapping()
    file = imported(bank_csv("1,2026-11-27,60.28,po_1", "2,yesterday,1,x", "3,2026-11-27,a lot,x"), CSV)
    assert (file.state, file.rows_read, file.rows_bad, BankLine.objects.count()) == ("refused", 3, 2, 0)
    assert bad_rows(file) == [
        (3, "day", "'yesterday' is no date like %Y-%m-%d"),
        (4, "amount", "'a lot' is no number like 1,234.50"),
    ]
    assert FileRow.objects.get(line=3).raw == {"nr": "2", "day": "yesterday", "amount": "1", "text": "x"}


def test_a_refused_file_is_read_again_by_the_mapping_as_it_is_now() -> None:
    mapping(date_format="%d.%m.%Y")
    content = bank_csv("1,2026-11-27,60.28,po_1")
    assert imported(content, CSV).state == "refused"
    CsvMapping.objects.update(date_format="%Y-%m-%d")
    again = imported(content, CSV)
    assert (again.state, again.rows_bad, FileImport.objects.count(), BankLine.objects.count()) == ("applied", 0, 1, 1)


def test_a_statement_that_denies_an_earlier_one_is_refused() -> None:
    mapping()
    imported(bank_csv("1,2026-11-27,60.28,po_1"), CSV)
    file = imported(bank_csv("1,2026-11-27,60.29,po_1", "2,2026-11-28,1,x"), CSV)
    assert (file.state, BankLine.objects.count()) == ("refused", 1)
    ((line, field, reason),) = bad_rows(file)
    assert (line, field) == (2, "amount")
    assert reason == "it was 6028 minor units of EUR, booked on 2026-11-27, when it was imported before"


def test_a_report_that_denies_an_earlier_one_opens_a_break() -> None:
    imported(report({}), ADYEN)
    file = imported(report({"Net Credit (NC)": "12.60", "Commission (NC)": "0.30"}), ADYEN)
    assert (file.state, file.rows_known) == ("applied", 1)
    held = Break.objects.get()
    assert (held.kind, held.amount_minor, held.received) == ("contradiction", 5, False)
    assert SettlementLine.objects.get().fee_minor == 25


def test_an_empty_statement_is_imported_and_a_report_of_others_is_not() -> None:
    assert imported(statement(balances=balance("OPBD", "1") + balance("CLBD", "1"))).state == "applied"
    others = imported(report({"Merchant Account": "ShopUS"}), ADYEN)
    assert (others.state, others.failure) == ("refused", "None of its rows is of the merchant account ShopEurope.")


def test_the_statement_of_another_account_is_refused() -> None:
    imported(statement(entry()))
    other = imported(statement(entry("2", reference=""), iban="DE02120300000000202051"))
    assert other.state == "refused"
    assert other.failure.endswith("earlier ones of main were of DE89370400440532013000.")
    assert BankLine.objects.count() == 1


@pytest.mark.usefixtures("pages_of_two")
def test_a_reading_that_stops_anywhere_goes_on_from_there() -> None:
    mapping()
    rows = [f"{number},2026-11-27,{number},x" for number in range(1, 8)]
    file_id = upload(bank_csv(*rows), CSV)
    # When a page was read and then no more
    for read in read_file(file_id=file_id, pages=100, now=NOW):
        assert read.rows == 2
        break
    assert (FileRow.objects.count(), BankLine.objects.count(), due_files(limit=9)) == (2, 0, [file_id])
    # Then the next ones go on
    assert import_file(file_id=file_id, pages=1, now=NOW).rows == 4
    assert import_file(file_id=file_id, pages=2, now=NOW).state == "applied"
    assert (FileRow.objects.count(), BankLine.objects.count(), due_files(limit=9)) == (7, 7, [])
    assert [row.number for row in FileRow.objects.order_by("number")] == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.usefixtures("pages_of_two")
def test_many_who_read_one_file_at_once_keep_each_row_once() -> None:
    mapping()
    file_id = upload(bank_csv(*(f"{number},2026-11-27,{number},x" for number in range(1, 30))), CSV)
    crowd(4, lambda _: import_file(file_id=file_id, pages=100, now=NOW))
    assert import_file(file_id=file_id, pages=100, now=NOW).state == "applied"
    assert (FileRow.objects.count(), BankLine.objects.count()) == (29, 29)


@pytest.mark.usefixtures("pages_of_two")
def test_a_file_full_of_bad_rows_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_BAD_ROWS", 4)
    mapping()
    file = imported(bank_csv(*["x,x,x,x"] * 100), CSV)
    assert (file.state, file.rows_read, file.failure) == (
        "refused",
        4,
        "4 of its first 4 rows are bad: the rest was not read.",
    )


def test_workers_import_what_was_uploaded() -> None:
    file_id = upload(statement(entry()))
    import_files()
    import_some_of_a_file(file_id)
    assert BankLine.objects.count() == 1


@pytest.mark.parametrize(
    ("kind", "account", "content", "code"),
    [
        (FileKind.CAMT053, "main", b"", "file_empty"),
        (FileKind.CAMT053, "main", b"x" * 101, "file_too_large"),
        (FileKind.CAMT053, "savings", b"x", "bank_account_not_found"),
        (FileKind.BANK_CSV, "main", b"x", "csv_mapping_not_found"),
        (FileKind.ADYEN_SETTLEMENT, "other", b"x", "psp_account_not_found"),
    ],
)
@override_settings(IMPORT_FILE_MAX_BYTES=100)
def test_what_cannot_be_imported_is_refused_at_the_door(
    kind: FileKind, account: str, content: bytes, code: str
) -> None:
    with pytest.raises((PaymentRefused, PaymentNotFound)) as refusal:
        upload(content, kind, account=account)
    assert (refusal.value.code, FileImport.objects.count()) == (code, 0)


def test_a_file_that_nobody_uploaded_is_not_found() -> None:
    with pytest.raises(PaymentNotFound, match="imp_x"):
        import_file(file_id="imp_x", pages=1, now=NOW)


def test_the_command_imports_a_file_and_says_why_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "good.xml", tmp_path / "bad.xml"
    good.write_bytes(statement(entry()))
    bad.write_bytes(statement(entry("x")))
    call_command("import_file", str(good), kind="camt053")
    assert "1 new, 0 known, 0 passed over." in capsys.readouterr().err
    with pytest.raises(CommandError, match=r"Nothing is imported. 1 of 1 rows are bad\."):
        call_command("import_file", str(bad), kind="camt053")
    assert "line 4, Amt: 'x' is no amount" in capsys.readouterr().err
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_file", str(tmp_path / "none"), kind="camt053")
    assert BankLine.objects.count() == 1
