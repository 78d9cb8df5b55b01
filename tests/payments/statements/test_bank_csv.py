"""A bank's CSV in our words, by a mapping: each bank writes its own."""

from dataclasses import replace

import pytest

from payments.statements.bank_csv import Format, read
from payments.statements.rows import BadRow, GoodRow, UnreadableFile

GERMAN = Format(
    delimiter=";",
    encoding="iso-8859-1",
    skip_lines=2,
    decimal=",",
    date_format="%d.%m.%Y",
    booked_on="Buchungstag",
    value_on="Valuta",
    amount="Betrag",
    credit="",
    debit="",
    currency="Waehrung",
    fixed_currency="",
    bank_reference="Nr",
    end_to_end_id="Kundenreferenz",
    references=("Verwendungszweck",),
    counterparty="Name",
)
ABOVE = "Umsätze\n\n"
HEADER = "Nr;Buchungstag;Valuta;Betrag;Waehrung;Kundenreferenz;Verwendungszweck;Name\n"
ROW = "1;27.11.2026;28.11.2026;1.060,28;eur;po_1;Auszahlung;Größe GmbH\n"


def rows(*lines: str, form: Format = GERMAN, header: str = HEADER) -> list[GoodRow | BadRow]:
    content = (ABOVE + header + "".join(lines)).encode(form.encoding)
    return [row for row in read(content, form=form) if isinstance(row, GoodRow | BadRow)]


def test_a_row_is_read_as_its_mapping_says() -> None:
    (row,) = rows(ROW)
    assert isinstance(row, GoodRow)
    assert (row.line, row.raw["Name"]) == (4, "Größe GmbH")
    assert row.columns == {
        "line_id": "ref:1",
        "booked_on": "2026-11-27",
        "value_on": "2026-11-28",
        "amount_minor": 106028,
        "currency": "EUR",
        "end_to_end_id": "po_1",
        "reference": "po_1 Auszahlung",
        "counterparty": "Größe GmbH",
    }


@pytest.mark.parametrize(
    ("came", "went", "minor"), [("12,50", "", 1250), ("", "12,50", -1250), ("", "-12,50", -1250), ("0,00", "3", -300)]
)
def test_what_came_and_what_went_may_have_columns_of_their_own(came: str, went: str, minor: int) -> None:
    form = replace(GERMAN, amount="", credit="Haben", debit="Soll", currency="", fixed_currency="EUR")
    header = HEADER.replace("Betrag;Waehrung", "Haben;Soll")
    (row,) = rows(ROW.replace("1.060,28;eur", f"{came};{went}"), form=form, header=header)
    assert isinstance(row, GoodRow)
    assert row.columns["amount_minor"] == minor


@pytest.mark.parametrize(
    ("written", "minor"),
    [
        ("-1.234.567,89", -123456789),
        ("12,5", 1250),
        ("12", 1200),
        ("7,00-", -700),
        ("1'000,00", 100000),
        ("+3,00", 300),
    ],
)
def test_numbers_are_read_as_they_are_written_there(written: str, minor: int) -> None:
    (row,) = rows(ROW.replace("1.060,28", written))
    assert isinstance(row, GoodRow)
    assert row.columns["amount_minor"] == minor


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (("1.060,28", "1.50"), "Betrag"),  # by a mapping of the other decimal sign: not 150
        (("1.060,28", "1,5,0"), "Betrag"),
        (("1.060,28", "1060,285"), "Betrag"),
        (("1.060,28", "1e5"), "Betrag"),
        (("1.060,28", "NaN"), "Betrag"),
        (("1.060,28", ""), "Betrag"),
        (("1.060,28", "=1+1"), "Betrag"),
        (("eur", "XXQ"), "Betrag"),
        (("27.11.2026", "2026-11-27"), "Buchungstag"),
        (("27.11.2026", ""), "Buchungstag"),
        (("28.11.2026", "31.11.2026"), "Valuta"),
        (("Auszahlung", "\0"), "Verwendungszweck"),
        ((";Auszahlung", ""), ""),
        (("Auszahlung", "a;b"), ""),
    ],
)
def test_a_row_that_makes_no_sense_is_named_with_its_line_and_field(change: tuple[str, str], field: str) -> None:
    (first, second) = rows(ROW, ROW.replace("1;27", "2;27", 1).replace(*change))
    assert isinstance(first, GoodRow)
    assert isinstance(second, BadRow)
    assert (second.line, second.name) == (5, field)
    assert "\0" not in str(second.raw)


def test_a_reference_that_the_bank_gives_twice_is_no_reference() -> None:
    assert [type(row) for row in rows(ROW, ROW)] == [GoodRow, BadRow]
    form = replace(GERMAN, bank_reference="")
    equal = [row.columns["line_id"] for row in rows(ROW, ROW, form=form) if isinstance(row, GoodRow)]
    assert len(set(equal)) == 2


def test_lines_are_counted_over_line_breaks_within_a_field() -> None:
    found = rows(ROW.replace("Auszahlung", '"Aus\nzahlung"'), ROW.replace("1;27", "2;27", 1))
    assert [row.line for row in found] == [4, 6]


@pytest.mark.parametrize(
    ("content", "form", "why"),
    [
        (b"", GERMAN, "no column"),
        ((ABOVE + HEADER).replace("Betrag", "Summe").encode("iso-8859-1"), GERMAN, "no column Betrag"),
        (
            (ABOVE + HEADER + ROW).encode("iso-8859-1"),
            replace(GERMAN, encoding="utf-8-sig"),
            "not written in utf-8-sig",
        ),
        ((ABOVE + HEADER + ROW).encode(), replace(GERMAN, encoding="utf-16"), "utf-16|no column"),
        (
            (ABOVE + HEADER.replace("Name", "Nr")).encode("iso-8859-1"),
            replace(GERMAN, counterparty=""),
            "the same name",
        ),
        ((ABOVE + HEADER + '"' + "x" * 200_000).encode("iso-8859-1"), GERMAN, "no such CSV"),
    ],
)
def test_what_is_no_such_file_is_refused(content: bytes, form: Format, why: str) -> None:
    with pytest.raises(UnreadableFile, match=why):
        list(read(content, form=form))
