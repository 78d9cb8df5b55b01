"""Bank statements as CSV, by a mapping that people have made for their bank. Pure."""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ledger.money import Money
from payments.statements.bank import BankEntry, Names, columns, joined
from payments.statements.rows import BadField, BadRow, GoodRow, Rows, UnreadableFile, money, text

_NUMBER = re.compile(r"[+-]?\d{1,18}(\.\d{1,5})?")
# The digits of a group.
THOUSAND = 3


@dataclass(frozen=True, slots=True)
class Format:
    """How a bank writes its statements; each column by its name in the header, empty where there is none.

    :param skip_lines: what stands above the header.
    :param decimal: ``,`` or ``.``; the other one is what groups thousands.
    :param date_format: as ``strptime`` takes it, such as ``%d.%m.%Y``.
    :param amount: the column of a signed amount; otherwise there is one of what came and one of what went.
    :param currency: a column, where ``fixed_currency`` is empty.
    :param references: columns that say what the entry is about.
    """

    delimiter: str
    encoding: str
    skip_lines: int
    decimal: str
    date_format: str
    booked_on: str
    value_on: str
    amount: str
    credit: str
    debit: str
    currency: str
    fixed_currency: str
    bank_reference: str
    end_to_end_id: str
    references: tuple[str, ...]
    counterparty: str

    @property
    def needed(self) -> set[str]:
        """Return the columns that a file has to have."""
        named = (
            *(self.booked_on, self.value_on, self.amount, self.credit, self.debit, self.bank_reference),
            *("" if self.fixed_currency else self.currency, self.end_to_end_id, *self.references, self.counterparty),
        )
        return {name for name in named if name}


def read(content: bytes, *, form: Format) -> Rows:
    """Return the file's rows.

    :raises UnreadableFile: another encoding, other columns, no CSV.
    """
    try:
        lines = io.StringIO(content.decode(form.encoding), newline="")
        for _ in range(form.skip_lines):
            lines.readline()
        rows = csv.DictReader(lines, delimiter=form.delimiter, strict=True)
        header = [name.strip() for name in rows.fieldnames or ()]
        rows.fieldnames = header
        if missing := sorted(form.needed - set(header)):
            raise UnreadableFile(f"It has no column {', '.join(missing)}. It has: {', '.join(header)[:400]}.")
        if len(set(header)) != len(header):
            raise UnreadableFile("Two of its columns have the same name.")
        yield from _rows(rows, form)
    except UnicodeError as error:
        raise UnreadableFile(f"It is not written in {form.encoding}: {error}.") from error
    except csv.Error as error:
        raise UnreadableFile(f"It is no such CSV: {error}.") from error


def _rows(rows: "csv.DictReader[str]", form: Format) -> Rows:
    names, references = Names(), set[str]()
    end = form.skip_lines + rows.line_num
    for row in rows:
        begin, end = end + 1, form.skip_lines + rows.line_num
        raw = {str(name): _plain(value) for name, value in row.items()}
        try:
            if None in row or None in row.values():
                raise BadField("", "it has more or fewer fields than the header")
            entry = _entry(row, form)
            if entry.bank_reference and entry.bank_reference in references:
                raise BadField(form.bank_reference, f"{entry.bank_reference} is in the file twice")
        except BadField as error:
            yield BadRow(begin, raw, error.name, error.reason)
            continue
        references.add(entry.bank_reference)
        yield GoodRow(begin, raw, columns(entry, names.name(entry)))


def _plain(value: Any) -> Any:
    return value.replace("\0", "") if isinstance(value, str) else value


def _entry(row: Mapping[str, str], form: Format) -> BankEntry:
    booked_on = _date(row, form.booked_on, form)
    if booked_on is None:
        raise BadField(form.booked_on, "it is empty")
    said = joined(text(name, row[name]) for name in (form.end_to_end_id, *form.references) if name)
    return BankEntry(
        booked_on=booked_on,
        value_on=_date(row, form.value_on, form) if form.value_on else None,
        money=_money(row, form),
        bank_reference=_text(row, form.bank_reference, 100),
        end_to_end_id=_text(row, form.end_to_end_id, 255),
        reference=text("reference", said),
        counterparty=_text(row, form.counterparty, 255),
    )


def _text(row: Mapping[str, str], name: str, most: int) -> str:
    return text(name, row[name], most=most) if name else ""


def _date(row: Mapping[str, str], name: str, form: Format) -> date | None:
    written = row[name].strip()
    if not written:
        return None
    try:
        return datetime.strptime(written, form.date_format).date()  # noqa: DTZ007 - a day, which has no time zone
    except ValueError as error:
        raise BadField(name, f"{written[:40]!r} is no date like {form.date_format}") from error


def _money(row: Mapping[str, str], form: Format) -> Money:
    currency = form.fixed_currency or text(form.currency, row[form.currency]).upper()
    if form.amount:
        return money(form.amount, _number(row, form.amount, form), currency)
    came, went = (_number(row, name, form, empty=True) for name in (form.credit, form.debit))
    if (came and went) or came < 0:
        raise BadField(form.credit, f"{came} came and {went} went")
    # Some banks write what went with its sign, others without.
    return money(form.credit if came else form.debit, came - abs(went), currency)


def _number(row: Mapping[str, str], name: str, form: Format, *, empty: bool = False) -> Decimal:
    written = re.sub(r"[\s\u00a0\u202f']", "", row[name])
    if empty and not written:
        return Decimal(0)
    # Some banks write the sign behind.
    if written.endswith("-"):
        written = f"-{written[:-1]}"
    groups = "." if form.decimal == "," else ","
    whole, point, fraction = written.partition(form.decimal)
    if groups in fraction or not _is_grouped(whole, groups):
        raise BadField(name, f"{row[name][:40]!r} is no number like 1{groups}234{form.decimal}50")
    plain = whole.replace(groups, "") + ("." + fraction if point else "")
    if not _NUMBER.fullmatch(plain):
        raise BadField(name, f"{row[name][:40]!r} is no number like 1{groups}234{form.decimal}50")
    return Decimal(plain)


def _is_grouped(whole: str, groups: str) -> bool:
    """Whether thousands are grouped by threes, or not at all: 1.50 is not to be taken for 150."""
    first, *others = whole.lstrip("+-").split(groups)
    return not others or (1 <= len(first) <= THOUSAND and all(len(each) == THOUSAND for each in others))
