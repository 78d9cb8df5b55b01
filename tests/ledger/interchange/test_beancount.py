"""An independent program adds up what we export: `bean-check` accepts it, and refuses it when one amount is altered."""

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ledger.interchange.beancount_format import Beancount
from ledger.interchange.beancount_names import ROOTS, account_name, account_of, metadata_key
from ledger.interchange.formats import Extent
from ledger.interchange.rows import AccountRow, EntryRow, Resolved, TransactionRow
from tests.ledger.books import close_alone
from tests.ledger.interchange.files import CASH, CURRENCIES, NOW, PSP, export, fill, open_a_book

# What PostgreSQL can hold as text.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
CODES = st.one_of(TEXTS, st.text("aZ0-_: :é", max_size=12), st.lists(st.sampled_from(["a", "", "b_c"])).map(":".join))
LEGAL_ACCOUNT = re.compile(r"(Assets|Liabilities|Equity|Income|Expenses)(:[A-Z0-9][A-Za-z0-9-]*)+")


def bean_check(path: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("bean-check")
    return subprocess.run([str(program), "--no-cache", str(path)], check=False, capture_output=True, text=True)


@given(st.sampled_from(sorted(ROOTS)), CODES)
def test_an_accounts_name_is_legal_and_leads_back(type_: str, code: str) -> None:
    for given_code in (code, f"{ROOTS[type_][0]}:{code}"):
        name = account_name(type=type_, code=given_code)

        assert LEGAL_ACCOUNT.fullmatch(name)
        assert account_of(name=name) == (type_, given_code)


@pytest.mark.parametrize(
    ("type_", "code", "name"),
    [
        ("asset", "assets:psp:stripe:receivable", "Assets:Psp:Stripe:Receivable"),
        ("liability", "liabilities:order_items", "Liabilities:OrderItems"),
        ("revenue", "revenue:2026-q1", "Income:2026--q1"),
        ("expense", "expenses:Fees", "Expenses:0-Z--46-ees"),
        ("asset", "cash", "Assets:Other-Z-:Cash"),
        ("equity", "equity", "Equity:Other-Z-:Equity"),
    ],
)
def test_an_accounts_name_stays_readable(type_: str, code: str, name: str) -> None:
    assert account_name(type=type_, code=code) == name


@given(st.sets(TEXTS, min_size=2, max_size=2))
def test_metadata_keys_are_legal_and_differ(keys: set[str]) -> None:
    made = {metadata_key(key=key) for key in keys}

    assert len(made) == 2
    assert all(re.fullmatch(r"[a-z][a-zA-Z0-9\-_]+", key) for key in made)


@pytest.mark.django_db(transaction=True)
def test_a_book_in_four_currencies_passes(tmp_path: Path) -> None:
    # Given
    open_a_book("old")
    fill("old")
    close_alone(book="old", code=CASH, currency="EUR", now=NOW)
    for currency in CURRENCIES:
        close_alone(book="old", code=PSP, currency=currency, now=NOW - timedelta(days=30))
    # When
    text = export("old", "beancount", tmp_path / "book.beancount").decode()
    # Then
    result = bean_check(tmp_path / "book.beancount")
    assert (result.returncode, result.stdout + result.stderr) == (0, "")
    # And: every account and currency is asserted, the accounts below counted in
    assertions = sorted(line for line in text.splitlines() if " balance " in line)
    assert len(assertions) == 12
    assert assertions[:4] == [
        "2026-11-24 balance Assets:Cash  0.3027 ~ 0 CLF",
        "2026-11-24 balance Assets:Cash  3.024 ~ 0 KWD",
        "2026-11-24 balance Assets:Cash  30.18 ~ 0 EUR",
        "2026-11-24 balance Assets:Cash  3021 ~ 0 JPY",
    ]
    # And: an account ends when it is closed in all its currencies, and not before its last entry
    assert [line for line in text.splitlines() if " close " in line] == ["2026-11-23 close Assets:Cash:Psp"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("edit", ["posting", "both postings", "assertion"])
def test_one_altered_amount_is_found(edit: str, tmp_path: Path) -> None:
    # Given
    open_a_book("old")
    fill("old", transactions=4)
    text = export("old", "beancount", tmp_path / "book.beancount").decode()
    # When one amount, or a debit and its credit, differ by one minor unit
    alterations = {
        "posting": {"Assets:Cash:Psp  10.01 EUR": "Assets:Cash:Psp  10.02 EUR"},
        "both postings": {
            "Assets:Cash:Psp  10.01 EUR": "Assets:Cash:Psp  10.02 EUR",
            "Income:Sales  -10.02 EUR": "Income:Sales  -10.03 EUR",
        },
        "assertion": {"balance Assets:Cash  0.1005 ~": "balance Assets:Cash  0.1006 ~"},
    }[edit]
    for old, new in alterations.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    (tmp_path / "book.beancount").write_text(text)
    # Then
    assert bean_check(tmp_path / "book.beancount").returncode == 1


@st.composite
def books(draw: st.DrawFn) -> Extent:
    codes = draw(st.lists(CODES, min_size=2, max_size=8, unique=True))
    accounts = [
        AccountRow(
            code=code,
            currency=currency,
            type=draw(st.sampled_from(sorted(ROOTS))),
            normal_side="debit",
            floor_minor=draw(st.sampled_from([None, -5])),
            ceiling_minor=None,
            stripes=1,
            metadata=draw(st.dictionaries(TEXTS, TEXTS, max_size=2)),
            opened_at=NOW,
            closed_at=draw(st.sampled_from([None, NOW])),
        )
        for code in codes
        for currency in draw(st.sets(st.sampled_from(CURRENCIES), min_size=1)) | {"EUR"}
    ]
    return Extent(book=draw(TEXTS), through=40, first_effective_at=datetime(999, 1, 1, tzinfo=UTC), accounts=accounts)


@st.composite
def transactions(draw: st.DrawFn, extent: Extent, number: int) -> TransactionRow:
    accounts = [row for row in extent.accounts if row.currency == "EUR"]
    amount_minor = draw(st.integers(1, 2**63 - 1))
    sides = [(draw(st.sampled_from(accounts)), side) for side in ("debit", "credit")]
    entries = [EntryRow(row.code, row.type, row.currency, side, amount_minor, "posted") for row, side in sides]
    held = EntryRow(accounts[0].code, accounts[0].type, "EUR", "debit", 7, "pending")
    return TransactionRow(
        id=number,
        reference=draw(TEXTS),
        kind=draw(TEXTS),
        effective_at=draw(st.datetimes(datetime(1000, 1, 1), datetime(9998, 1, 1), timezones=st.just(UTC))),  # noqa: DTZ001
        recorded_at=NOW,
        description=draw(TEXTS),
        metadata=draw(st.dictionaries(TEXTS, TEXTS | st.booleans(), max_size=3)),
        entries=(*entries, held),
        resolves=draw(st.none() | st.builds(Resolved, TEXTS, st.just("reverse"), st.booleans())),
        dated_at=draw(st.sampled_from([None, NOW])),
    )


@settings(max_examples=6, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_whatever_the_texts_say_it_passes(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    # Given
    extent = data.draw(books())
    writer = Beancount(extent)
    # When: a held entry stands in every transaction, which would not balance with it
    text = writer.head()
    text += "".join(writer.transaction(data.draw(transactions(extent, number))) for number in range(1, 31))
    text += writer.tail()
    path = tmp_path_factory.mktemp("book") / "book.beancount"
    path.write_text(text, newline="")
    # Then
    result = bean_check(path)
    assert (result.returncode, result.stdout + result.stderr) == (0, "")
