"""Reports add up, for any postings, on any day, before and after sealing."""

import csv
import io
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django_subatomic.db import transaction
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from config.access.models import ApiKey
from ledger import history, queries
from ledger.accounts import AccountSpec, ensure_accounts, raise_stripes
from ledger.close_period import close_period
from ledger.drafts import HoldTerms, TransactionDraft, credit, debit
from ledger.models import Account
from ledger.money import Money
from ledger.queries import AccountBalance
from ledger.reports import figures
from ledger.reports.statement import statement
from ledger.seal import seal
from tests.ledger.books import BOOK, CASH, FEES, NOW, SALES, eur, open_test_book, post

CAPITAL = "equity:capital"
FIRST = date(2026, 11, 1)


def on(reference: str, day: int, into: str, out_of: str, amount_minor: int) -> TransactionDraft:
    at = datetime(2026, 11, day, 23, 59, tzinfo=UTC)
    return TransactionDraft(reference, "test", (debit(into, eur(amount_minor)), credit(out_of, eur(amount_minor))), at)


def day(number: int) -> date:
    return date(2026, 11, number)


@pytest.fixture
def books() -> None:
    """Capital on the 1st, sales on the 2nd and 3rd, fees on the 3rd, half of it sealed."""
    open_test_book()
    with transaction():
        ensure_accounts(book=BOOK, accounts=[AccountSpec(CAPITAL, "EUR", "equity", "credit")])
    post(on("c", 1, CASH, CAPITAL, 1000), on("s-1", 2, CASH, SALES, 300))
    seal()
    post(on("s-2", 3, CASH, SALES, 200), on("f", 3, FEES, CASH, 50))


def held(
    through: date, *, since: date = history.FIRST_DAY, recorded_through: date = history.LAST_DAY
) -> dict[str, int]:
    rows = history.moved(book=BOOK, since=since, through=through, recorded_through=recorded_through)
    return {row.code: row.balance.amount_minor for row in rows if row.balance.amount_minor}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("books")
@pytest.mark.parametrize("sealed", [False, True])
def test_balances_are_those_of_the_day(sealed: bool) -> None:
    if sealed:
        seal()
    assert held(day(1)) == {CASH: 1000, CAPITAL: 1000}
    assert held(day(2)) == {CASH: 1300, CAPITAL: 1000, SALES: 300}
    assert held(day(30)) == {CASH: 1450, CAPITAL: 1000, SALES: 500, FEES: 50}
    assert held(day(30), since=day(3)) == {CASH: 150, SALES: 200, FEES: 50}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("books")
def test_what_is_recorded_later_does_not_change_what_was_known() -> None:
    yesterday, today = (datetime.now(UTC) - timedelta(days=1)).date(), datetime.now(UTC).date()
    for _ in range(2):
        assert held(day(30), recorded_through=yesterday) == {}
        assert held(day(30), recorded_through=today)[CASH] == 1450
        seal()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("books")
def test_what_comes_late_counts_in_the_open_period() -> None:
    close_period(book=BOOK, open_from=datetime(2026, 11, 10, tzinfo=UTC))
    post(on("late", 2, CASH, SALES, 7))
    seal()
    assert held(day(2))[SALES] == 300
    assert held(day(10))[SALES] == 507


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("books")
def test_pending_amounts_are_in_no_report() -> None:
    entries = (debit(CASH, eur(9), "pending"), credit(SALES, eur(9), "pending"))
    post(TransactionDraft("h", "hold", entries, NOW, link=HoldTerms()))
    for _ in range(2):
        assert held(day(30))[CASH] == 1450
        assert len(list(statement(account=cash(), since=FIRST, through=day(30)).lines())) == 4
        seal()


def cash() -> Account:
    return queries.accounts(book=BOOK).get(code=CASH, currency="EUR")


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("books")
@pytest.mark.parametrize("sealed", [False, True])
def test_a_statement_leads_from_its_opening_to_its_closing_balance(
    sealed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given more entries than a page, on an account of several stripes
    monkeypatch.setattr("ledger.reports.statement.PAGE", 2)
    with transaction():
        raise_stripes(book=BOOK, code=CASH, currency="EUR", stripes=4)
    post(on("s-3", 2, CASH, SALES, 1), on("s-4", 5, CASH, SALES, 2))
    if sealed:
        seal()
    # When
    found = statement(account=cash(), since=day(2), through=day(4))
    # Then
    lines = [(row.line.reference, row.balance.amount_minor) for row in found.lines()]
    assert found.opening == eur(1000)
    assert lines == [("s-1", 1300), ("s-3", 1301), ("s-2", 1501), ("f", 1451)]
    assert history.balance_as_of(account=cash(), through=day(4)).balance == eur(1451)


ROWS = st.lists(
    st.tuples(st.integers(0, 7), st.integers(0, 7), st.integers(1, 10**15), st.sampled_from(["EUR", "JPY", "KWD"])),
    max_size=30,
)
CHART = [
    ("assets:cash", "asset", "debit"),
    ("assets:psp:stripe", "asset", "debit"),
    ("assets:contra", "asset", "credit"),
    ("liabilities:orders", "liability", "credit"),
    ("equity:capital", "equity", "credit"),
    ("revenue:sales", "revenue", "credit"),
    ("revenue:returns", "revenue", "debit"),
    ("expenses:fees", "expense", "debit"),
]


def rows_of(postings: list[tuple[int, int, int, str]]) -> list[AccountBalance]:
    debits: Counter[tuple[int, str]] = Counter()
    credits_: Counter[tuple[int, str]] = Counter()
    for into, out_of, amount, currency in postings:
        debits[into, currency] += amount
        credits_[out_of, currency] += amount
    currencies = {posting[3] for posting in postings}
    return [
        AccountBalance(BOOK, code, currency, kind, side, debits[place, currency], credits_[place, currency])
        for currency in currencies
        for place, (code, kind, side) in enumerate(CHART)
    ]


@given(ROWS)
def test_every_report_adds_up_for_any_postings(postings: list[tuple[int, int, int, str]]) -> None:
    rows = rows_of(postings)
    for part in figures.trial_balances(rows):
        assert part.balanced
    for sheet in figures.balance_sheets(rows):
        assert sheet.assets.total == sheet.financing
        assert sheet.result in {found.result for found in figures.income_statements(rows)}
    for depth in (None, 1, 2):
        roots = [node for node in figures.roll_up(rows, depth=depth) if node.depth == 1]
        assert sum(node.debits.amount_minor for node in roots) == sum(row.debits_minor for row in rows)
        assert sum(node.credits.amount_minor for node in roots) == sum(row.credits_minor for row in rows)


@pytest.fixture
def auditor(books: None) -> APIClient:
    _, key = ApiKey.issue(name="test", client="cli_test", scopes=("ledger:read",), now=NOW)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    return client


def read(auditor: APIClient, address: str) -> Any:
    answer = auditor.get(f"/api/v1/ledger/{address}")
    assert answer.status_code == 200, answer.content
    return answer.json()["tables"]


@pytest.mark.django_db(transaction=True)
def test_reports_come_over_the_api(auditor: APIClient) -> None:
    balance = read(auditor, f"books/{BOOK}/trial-balance")[0]["rows"][-1]["cells"]
    assert [balance[2]["amount_minor"], balance[3]["amount_minor"]] == [1550, 1550]
    sheet = read(auditor, f"books/{BOOK}/balance-sheet?through=2026-11-02")[0]["rows"]
    totals = {row["cells"][0]: row["cells"][1]["amount_minor"] for row in sheet}
    assert (totals["Assets"], totals["Liabilities, equity and result"]) == (1300, 1300)
    income = read(auditor, f"books/{BOOK}/income-statement?since=2026-11-03&through=2026-11-30")[0]["rows"]
    assert income[-1]["cells"][1] == {"amount_minor": 150, "currency": "EUR", "text": "EUR 1.50"}
    rolled = read(auditor, f"books/{BOOK}/roll-up?prefix=revenue&depth=1")[0]["rows"]
    assert [row["cells"][0] for row in rolled] == ["revenue", "revenue"]
    lines = read(auditor, f"accounts/{cash().public_id}/statement?since=2026-11-02&through=2026-11-30")[0]["rows"]
    assert [lines[0]["cells"][5]["amount_minor"], lines[-1]["cells"][5]["amount_minor"]] == [1000, 1450]


@pytest.mark.django_db(transaction=True)
def test_a_report_comes_as_a_file(auditor: APIClient) -> None:
    answer = auditor.get(f"/api/v1/ledger/books/{BOOK}/income-statement?format=csv")
    text = b"".join(answer).decode()
    rows = list(csv.reader(io.StringIO(text)))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert ["Result", "4.50", "EUR"] in rows


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("address", "pointer"),
    [
        ("books/test/trial-balance?through=yesterday", "/through"),
        ("books/test/roll-up?depth=0", "/depth"),
        ("books/test/roll-up?format=pdf", "/format"),
        ("accounts/{cash}/statement?since=2026-11-01", "/through"),
        ("accounts/{cash}/statement?through=2026-11-01", "/since"),
    ],
)
def test_a_parameter_that_is_none_is_named(auditor: APIClient, address: str, pointer: str) -> None:
    answer = auditor.get(f"/api/v1/ledger/{address.format(cash=cash().public_id)}")
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_money_of_every_exponent_is_written_in_full() -> None:
    assert [str(Money(5, currency)) for currency in ("JPY", "EUR", "KWD", "CLF")] == [
        "JPY 5",
        "EUR 0.05",
        "KWD 0.005",
        "CLF 0.0005",
    ]
