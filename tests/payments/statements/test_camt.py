"""A camt.053 statement in our words: every entry once, to the minor unit, and nothing of a file that is not whole."""

import pytest

from payments.statements.camt import read
from payments.statements.rows import BadRow, GoodRow, SkippedRow, UnreadableFile
from payments.statements.xml import MAX_DEPTH
from tests.payments.statements.camt_files import HEAD, IBAN, balance, entry, statement


def good(*entries: str) -> list[GoodRow]:
    _, rows = read(statement(*entries))
    return [row for row in rows if isinstance(row, GoodRow)]


def test_an_entry_says_when_how_much_and_of_what() -> None:
    account, rows = read(statement(entry()))
    (row,) = rows
    assert account == IBAN
    assert isinstance(row, GoodRow)
    assert row.line == 4
    assert row.columns == {
        "line_id": "ref:BANK-1",
        "booked_on": "2026-11-27",
        "value_on": "2026-11-28",
        "amount_minor": 6028,
        "currency": "EUR",
        "end_to_end_id": "po_1",
        "reference": "po_1 STRIPE PAYOUT",
        "counterparty": "Stripe",
    }
    assert (row.raw["Amt"], row.raw["Amt@Ccy"]) == ("60.28", "EUR")
    assert row.raw["NtryDtls/TxDtls/RmtInf/Ustrd"] == "STRIPE PAYOUT"


def test_what_went_is_below_zero_and_names_who_got_it() -> None:
    details = "<RltdPties><Dbtr><Nm>We</Nm></Dbtr><Cdtr><Nm>The landlord</Nm></Cdtr></RltdPties>"
    (row,) = good(entry("1200", sign="DBIT", details=details))
    assert (row.columns["amount_minor"], row.columns["counterparty"]) == (-120000, "The landlord")


@pytest.mark.parametrize(
    ("amount", "currency", "minor"), [("2000", "JPY", 2000), ("1.234", "KWD", 1234), (".5", "EUR", 50)]
)
def test_an_amount_is_in_its_currencys_minor_units(amount: str, currency: str, minor: int) -> None:
    (row,) = good(entry(amount, currency=currency))
    assert row.columns["amount_minor"] == minor


def test_versions_and_prefixes_of_the_name_space_are_all_read() -> None:
    old = statement(entry(status="<Sts>BOOK</Sts>"), name_space="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02")
    prefixed = (
        old.decode().replace("<", "<c:").replace("<c:/", "</c:").replace("<c:?", "<?").replace("xmlns=", "xmlns:c=")
    )
    for content in (old, prefixed.encode(), prefixed.replace("UTF-8", "UTF-16").encode("utf-16")):
        _, rows = read(content)
        assert [type(row) for row in rows] == [GoodRow]


@pytest.mark.parametrize("status", ["<Sts><Cd>PDNG</Cd></Sts>", "<Sts>INFO</Sts>", ""])
def test_what_is_not_booked_is_passed_over(status: str) -> None:
    _, rows = read(statement(entry(status=status)))
    assert [type(row) for row in rows] == [SkippedRow]


def test_entries_without_a_name_are_told_apart_and_known_again() -> None:
    unnamed = [entry(reference=reference) for reference in ("", "<AcctSvcrRef>NONREF</AcctSvcrRef>")]
    first = [row.columns["line_id"] for row in good(*unnamed, entry("1", reference=""))]
    assert len(set(first)) == 3
    assert [row.columns["line_id"] for row in good(*unnamed)] == first[:2]


def test_entries_of_one_batch_share_a_name_and_are_told_apart() -> None:
    assert [row.columns["line_id"] for row in good(entry(), entry("1"))] == ["ref:BANK-1", "ref:BANK-1:2"]
    (long,) = good(entry(reference=f"<AcctSvcrRef>{'9' * 80}</AcctSvcrRef>"))
    assert len(long.columns["line_id"]) == 64


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        (entry("60.285"), "Amt"),
        (entry("-1"), "Amt"),
        (entry("1e3"), "Amt"),
        (entry("NaN"), "Amt"),
        (entry("9" * 19), "Amt"),
        (entry("12345678901234567890.00"), "Amt"),
        (entry("999999999999999999"), "Amt"),
        (entry(currency="XXQ"), "Amt"),
        (entry(currency=""), "Amt"),
        (entry(sign="CREDIT"), "CdtDbtInd"),
        (entry(booked=""), "BookgDt"),
        (entry(booked="<BookgDt><Dt>27.11.2026</Dt></BookgDt>"), "BookgDt"),
        (entry(booked="<BookgDt><DtTm>yesterday</DtTm></BookgDt>"), "BookgDt"),
    ],
)
def test_an_entry_that_makes_no_sense_is_named_with_its_line_and_field(broken: str, field: str) -> None:
    _, rows = read(statement(entry(), broken, balances=balance("OPBD", "0") + balance("CLBD", "0")))
    first, second = rows
    assert isinstance(first, GoodRow)
    assert isinstance(second, BadRow)
    assert (second.line - first.line, second.name) == (1, field)
    assert second.reason


def test_a_statement_that_was_cut_short_does_not_come_to_its_closing_balance() -> None:
    balances = balance("OPBD", "10.00") + balance("CLBD", "60.28", sign="DBIT")
    read(statement(entry("70.28", sign="DBIT"), balances=balances))
    with pytest.raises(UnreadableFile, match=r"opens with EUR 10.00, its entries come to EUR 0.00, and it closes"):
        read(statement(balances=balances))
    # An earlier statement's closing balance is where the next one opens; without both there is nothing to compare.
    with pytest.raises(UnreadableFile, match="not whole"):
        read(statement(entry("1"), balances=balance("PRCD", "0") + balance("CLBD", "2")))
    read(statement(entry("1"), balances=balance("OPBD", "0") + balance("ITBD", "2")))


BOMB = (
    '<!DOCTYPE b [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>'
)
THIEF = '<!DOCTYPE b [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no well-formed XML"),
        (b"hello", "no well-formed XML"),
        (b"\xff\xfe\x00", "XML"),
        (b"<a/>", "it is a a"),
        (statement(entry())[:-20], "no well-formed XML"),
        (statement(entry(), name_space="urn:iso:std:iso:20022:tech:xsd:pain.001.001.03"), "name space"),
        (statement(entry()).replace(HEAD.encode(), (HEAD + BOMB).encode()), "document type"),
        (statement(entry()).replace(HEAD.encode(), (HEAD + THIEF).encode()), "document type"),
        (statement("<a>" * (MAX_DEPTH + 1) + "</a>" * (MAX_DEPTH + 1)), "nests deeper"),
        (statement(entry(), iban=""), "no number"),
        (statement(entry(), balances=balance("OPBD", "x")), "no amount"),
        (statement(entry()).replace(b"UTF-8", b"klingon"), "XML"),
    ],
)
def test_what_is_no_statement_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(UnreadableFile, match=why):
        read(content)


def test_statements_of_two_accounts_are_two_files() -> None:
    both = statement(entry(), "</Stmt><Stmt><Acct><Id><Othr><Id>42</Id></Othr></Id></Acct>", entry())
    with pytest.raises(UnreadableFile, match=f"this one names 42, {IBAN}"):
        read(both)
