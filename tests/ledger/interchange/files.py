"""Books to export, and the commands as their users run them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django_subatomic.db import transaction

from ledger import journal
from ledger.accounts import AccountSpec, ensure_accounts, open_book
from ledger.drafts import TransactionDraft, credit, debit
from ledger.money import Money

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CASH, PSP, SALES = "assets:cash", "assets:cash:psp", "revenue:sales"
CURRENCIES = ("EUR", "JPY", "KWD", "CLF")
NASTY = (
    "",
    "=1+1",
    "'quoted",
    "''=2",
    '+"@-|%',
    "-1",
    "\t=tab",
    "＝full-width",  # noqa: RUF001 - this is the test
    'a "b", c;d\nnext\r\nline\rend',
    "back\\slash\\",
    "ünï—😀\u2028\x01",
    "; no comment #tag ^link {brace} | pipe",
)


def open_a_book(book: str) -> None:
    """Open a book with an account above another, each in four currencies of 0, 2, 3 and 4 decimals."""
    with transaction():
        open_book(code=book, name=book, now=NOW)
        ensure_accounts(
            book=book,
            accounts=[
                spec
                for currency in CURRENCIES
                for spec in (
                    AccountSpec(CASH, currency, "asset", "debit"),
                    AccountSpec(PSP, currency, "asset", "debit"),
                    AccountSpec(SALES, currency, "revenue", "credit"),
                )
            ],
        )


def open_account(book: str, code: str, currency: str) -> None:
    with transaction():
        ensure_accounts(book=book, accounts=[AccountSpec(code, currency, "asset", "debit")])


def post_drafts(book: str, *drafts: TransactionDraft) -> None:
    with transaction():
        journal.post(book=book, drafts=drafts)


def fill(book: str, transactions: int = len(NASTY)) -> None:
    """Post one transaction per nasty text, in turn in each currency."""
    drafts = []
    for number in range(transactions):
        text, currency = NASTY[number % len(NASTY)], CURRENCIES[number % len(CURRENCIES)]
        amount = Money(1001 + number, currency)
        drafts.append(
            TransactionDraft(
                reference=f"{text}#{number}",
                kind=text or "plain",
                entries=(
                    debit(PSP, amount),
                    debit(CASH, Money(1, currency)),
                    credit(SALES, amount + Money(1, currency)),
                ),
                effective_at=NOW - timedelta(days=number, microseconds=number),
                description=text,
                metadata={text or "empty": text, "order-reference": str(number)},
            )
        )
    post_drafts(book, *drafts)


def export(book: str, format_: str, path: Path, *more: str) -> bytes:
    call_command("ledger_export", "--book", book, "--format", format_, "--output", str(path), *more)
    return path.read_bytes()


def import_(book: str, format_: str, path: Path, *more: str) -> int:
    """Run the command; return its exit code."""
    try:
        call_command("ledger_import", "--book", book, "--format", format_, str(path), *more)
    except SystemExit as end:
        return int(str(end.code))
    return 0


def exported_transactions(book: str, folder: Path) -> list[dict[str, Any]]:
    """Return what a book says of its transactions, without what differs between two books."""
    lines = [json.loads(line) for line in export(book, "jsonl", folder / "compared.jsonl").splitlines()]
    return [
        {name: value for name, value in line.items() if name not in ("id", "recorded_at")}
        for line in lines
        if line["type"] == "transaction"
    ]


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """Return what the commands have said on standard error since the last look."""
    return capsys.readouterr().err
