"""Bank statements in ISO 20022's camt.053 (bank to customer statement), any of its versions. Pure.

An entry (``Ntry``) is a line, whatever it consists of: it is what the bank shows, and what its balances count. Entries
that are not booked yet (``PDNG``, ``INFO``) are passed over: they come again. What a statement's opening balance and
its entries come to has to be its closing balance, where it has both: a file that was cut short is refused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ledger.money import Money
from payments.statements.bank import BankEntry, Names, columns, joined
from payments.statements.rows import BadField, BadRow, GoodRow, Row, Rows, SkippedRow, UnreadableFile, money, text
from payments.statements.xml import Node, trees

_NAME_SPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.053\.\d{3}\.\d{2}")
# ISO 20022's amounts: no sign, no exponent.
_AMOUNT = re.compile(r"\d{1,18}(\.\d{0,5})?|\.\d{1,5}")
_SIGNS = {"CRDT": 1, "DBIT": -1}
_OPENING, _CLOSING = ("OPBD", "PRCD"), "CLBD"
# What is written where there is none.
_NO_REFERENCE = frozenset({"NOTPROVIDED", "NONREF"})


@dataclass(slots=True)
class Statement:
    """What is told of the statement that is being read."""

    account: str = ""
    balances: dict[str, Money] = field(default_factory=dict)
    booked: dict[str, int] = field(default_factory=dict)
    bad: bool = False


class _Reader:
    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.accounts: list[str] = []
        self._statement: Statement | None = None
        self._names = Names()

    def take(self, node: Node) -> None:
        match node.name:
            case "Document":
                if not any(_NAME_SPACE.fullmatch(value) for value in node.attributes.values()):
                    raise UnreadableFile("It is no bank statement: its name space is not camt.053's.")
            case "Acct":
                self._begin(node)
            case "Bal":
                self._balance(node)
            case "Ntry":
                self._entry(node)
            case other:
                raise UnreadableFile(f"It is no bank statement: it is a {other[:40]}.")

    def _begin(self, node: Node) -> None:
        self.end()
        account = node.said("Id/IBAN", "Id/Othr/Id")
        if not account:
            raise UnreadableFile(f"Line {node.line}: the account has no number.")
        self._statement = Statement(account=account)
        self.accounts.append(account)

    def _current(self, node: Node) -> Statement:
        if self._statement is None:
            raise UnreadableFile(f"Line {node.line}: it does not say which account this is of.")
        return self._statement

    def _balance(self, node: Node) -> None:
        kind = node.said("Tp/CdOrPrtry/Cd")
        if kind in (*_OPENING, _CLOSING):
            try:
                self._current(node).balances[kind] = _signed(node)
            except BadField as error:
                raise UnreadableFile(f"Line {node.line}: {error}.") from error

    def _entry(self, node: Node) -> None:
        statement = self._current(node)
        if node.said("Sts/Cd", "Sts") != "BOOK":
            self.rows.append(SkippedRow(node.line))
            return
        raw = _raw(node)
        try:
            entry = _entry(node)
        except BadField as error:
            statement.bad = True
            self.rows.append(BadRow(node.line, raw, error.name, error.reason))
            return
        booked = statement.booked
        booked[entry.money.currency] = booked.get(entry.money.currency, 0) + entry.money.amount_minor
        self.rows.append(GoodRow(node.line, raw, columns(entry, self._names.name(entry))))

    def end(self) -> None:
        """Check that a statement is whole."""
        if self._statement is None or self._statement.bad:
            return
        balances = self._statement.balances
        opening = next((balances[kind] for kind in _OPENING if kind in balances), None)
        closing = balances.get(_CLOSING)
        if opening is None or closing is None or opening.currency != closing.currency:
            return
        booked = Money(self._statement.booked.get(opening.currency, 0), opening.currency)
        if opening + booked != closing:
            raise UnreadableFile(
                f"It is not whole: it opens with {opening}, its entries come to {booked}, and it closes with {closing}."
            )


def read(content: bytes) -> tuple[str, Rows]:
    """Return the number of the account that the file is of, and its rows.

    :raises UnreadableFile: it is no camt.053, of several accounts, or not whole.
    """
    reader = _Reader()
    trees(content, take=reader.take, wanted=("Acct", "Bal", "Ntry"))
    reader.end()
    accounts = sorted(set(reader.accounts))
    if len(accounts) != 1:
        told = ", ".join(accounts)[:200] or "none"
        raise UnreadableFile(f"A file is of one account; this one names {told}.")
    return accounts[0], iter(reader.rows)


def _entry(node: Node) -> BankEntry:
    booked_on = _date(node, "BookgDt")
    if booked_on is None:
        raise BadField("BookgDt", "it is missing")
    signed = _signed(node)
    details = [*node.every("NtryDtls/TxDtls")]
    ids = [each.said("Refs/EndToEndId") for each in details]
    ids = [each for each in ids if each not in _NO_REFERENCE]
    service = node.said("AcctSvcrRef")
    texts = [found.text for found in node.every("**/Ustrd")] + [found.text for found in node.every("**/AddtlNtryInf")]
    creditors = [found.said("CdtrRefInf/Ref") for found in node.every("**/Strd")]
    party = "Dbtr" if signed.amount_minor >= 0 else "Cdtr"
    names = (
        each.said(f"RltdPties/{party}/Nm", f"RltdPties/{party}/Pty/Nm", f"RltdPties/Ultmt{party}/Nm")
        for each in details
    )
    return BankEntry(
        booked_on=booked_on,
        value_on=_date(node, "ValDt"),
        money=signed,
        # NtryRef is unique within a statement only.
        bank_reference=text("AcctSvcrRef", "" if service in _NO_REFERENCE else service, most=100),
        end_to_end_id=text("EndToEndId", joined(ids), most=255),
        reference=text("RmtInf", joined([*ids, *creditors, *texts])),
        counterparty=text("RltdPties", joined(names), most=255),
    )


def _signed(node: Node) -> Money:
    amount = node.first("Amt")
    written = "" if amount is None else amount.text.strip()
    if amount is None or not _AMOUNT.fullmatch(written):
        raise BadField("Amt", f"{written[:40]!r} is no amount")
    sign = _SIGNS.get(node.said("CdtDbtInd"))
    if sign is None:
        raise BadField("CdtDbtInd", f"{node.said('CdtDbtInd')[:40]!r} is neither CRDT nor DBIT")
    return money("Amt", sign * Decimal(written), amount.attributes.get("Ccy", ""))


def _date(node: Node, name: str) -> date | None:
    day, moment = node.said(f"{name}/Dt"), node.said(f"{name}/DtTm")
    try:
        if day:
            return date.fromisoformat(day[:10])
        return datetime.fromisoformat(moment).date() if moment else None
    except ValueError as error:
        raise BadField(name, f"{(day or moment)[:40]!r} is no date") from error


def _raw(node: Node) -> Mapping[str, Any]:
    """Return an entry as JSON: each leaf by its path, the n-th of a path with its number."""
    found: dict[str, str] = {}

    def add(path: str, each: Node) -> None:
        for name, value in each.attributes.items():
            found[f"{path}@{name}"] = value.replace("\0", "")
        if each.children:
            for child in each.children:
                add(f"{path}/{child.name}" if path else child.name, child)
            return
        key, number = path, 1
        while key in found:
            number += 1
            key = f"{path}[{number}]"
        found[key] = each.text.strip().replace("\0", "")

    add("", node)
    return found
