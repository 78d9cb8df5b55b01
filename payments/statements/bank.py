"""An entry of a bank statement, whatever format it came in."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from ledger.money import Money

# Of a bank line's name, in characters: what a SHA-256 has.
MAX_NAME = 64


@dataclass(frozen=True, slots=True)
class BankEntry:
    """What the bank booked on an account of ours.

    :param money: what it added; negative: took away.
    :param bank_reference: the bank's own name for it, empty where it gives none.
    :param reference: all that was said of it: ids and texts.
    """

    booked_on: date
    value_on: date | None
    money: Money
    bank_reference: str
    end_to_end_id: str
    reference: str
    counterparty: str


class Names:
    """Gives each entry of a file its name: the same whichever file tells of it, and however often.

    What the bank gives no name is named by what it says, and by how many of the file say the same before it: two equal
    entries of a day are two, in the day's file and in the week's.
    """

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def name(self, entry: BankEntry) -> str:
        """Return the next entry's name, of at most `MAX_NAME` characters."""
        if entry.bank_reference:
            base = f"ref:{entry.bank_reference}"
        else:
            days = f"{entry.booked_on.isoformat()}|{entry.value_on.isoformat() if entry.value_on else ''}"
            said = (str(entry.money), entry.end_to_end_id, entry.reference, entry.counterparty)
            base = f"said:{days}|{'|'.join(said)}"
        self._seen[base] += 1
        count = self._seen[base]
        name = base if count == 1 else f"{base}:{count}"
        return name if entry.bank_reference and len(name) <= MAX_NAME else hashlib.sha256(name.encode()).hexdigest()


def columns(entry: BankEntry, name: str) -> dict[str, Any]:
    """Return an entry as columns of a bank line, in JSON's types."""
    return {
        "line_id": name,
        "booked_on": entry.booked_on.isoformat(),
        "value_on": None if entry.value_on is None else entry.value_on.isoformat(),
        "amount_minor": entry.money.amount_minor,
        "currency": entry.money.currency,
        "end_to_end_id": entry.end_to_end_id,
        "reference": entry.reference,
        "counterparty": entry.counterparty,
    }


def joined(texts: Iterable[str]) -> str:
    """Return texts one after the other, each once, those that are empty left out."""
    return " ".join(dict.fromkeys(each for each in texts if each))
